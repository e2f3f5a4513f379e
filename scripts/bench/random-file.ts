import { createHash, randomFillSync } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';

/** A file that is pushed: where it is, and the digest that names it. */
export interface RandomFile {
  readonly path: string;
  readonly digest: string;
}

const pieceSize = 1024 * 1024;

/** Writes `size` random bytes, a multiple of 1 MiB. */
export async function makeRandomFile(path: string, size: number): Promise<RandomFile> {
  const file = await open(path, 'w+', 0o600);
  try {
    for (let position = 0; position < size; position += pieceSize) {
      await file.write(randomFillSync(Buffer.allocUnsafeSlow(pieceSize)), 0, pieceSize, position);
    }
    return { path, digest: await digestOf(file) };
  } finally {
    await file.close();
  }
}

/** Makes the file one that no server has seen, by exchanging its first piece. */
export async function renew({ path }: RandomFile): Promise<RandomFile> {
  const file = await open(path, 'r+');
  try {
    await file.write(randomFillSync(Buffer.allocUnsafeSlow(pieceSize)), 0, pieceSize, 0);
    return { path, digest: await digestOf(file) };
  } finally {
    await file.close();
  }
}

async function digestOf(file: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafeSlow(pieceSize);
  for (let position = 0; ;) {
    const { bytesRead } = await file.read(piece, 0, pieceSize, position);
    if (bytesRead === 0) return `sha256:${hash.digest('hex')}`;
    hash.update(piece.subarray(0, bytesRead));
    position += bytesRead;
  }
}
