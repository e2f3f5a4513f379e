import type { ServerResponse } from 'node:http';
import type { BlobReader } from '../blobs/index.ts';
import type { ByteRange } from '../model/index.ts';

/** Large pieces halve the processor time of a pull; many pulls at once must not each hold large ones. */
const largestPiece = 1024 * 1024;
const smallestPiece = 64 * 1024;
const forAllPieces = 16 * 1024 * 1024;

/** Sends blobs to clients, and knows to how many at once. */
export class BlobSender {
  #sending = 0;

  /**
   * Sends a part of a blob and closes its reader. While one piece is on its way to the socket the next one is read.
   * A client that has gone ends it quietly; throws what reading throws.
   */
  async send(res: ServerResponse, blob: BlobReader, range: ByteRange): Promise<void> {
    this.#sending += 1;
    try {
      await copy(res, blob, range, this.#pieceSize);
    } finally {
      this.#sending -= 1;
      await blob.close();
    }
  }

  get #pieceSize(): number {
    return Math.min(largestPiece, Math.max(smallestPiece, Math.floor(forAllPieces / this.#sending)));
  }
}

async function copy(
  res: ServerResponse,
  blob: BlobReader,
  { first, last }: ByteRange,
  size: number,
): Promise<void> {
  const total = last - first + 1;
  const buffers = [0, 1].map(() => Buffer.allocUnsafeSlow(Math.max(1, Math.min(size, total))));
  let written: Promise<boolean> = Promise.resolve(true);
  for (let sent = 0, turn = 0; sent < total; turn ^= 1) {
    const buffer = buffers[turn] ?? Buffer.alloc(0);
    const count = await blob.read(
      buffer.subarray(0, Math.min(buffer.byteLength, total - sent)),
      first + sent,
    );
    if (count === 0) throw new Error('a blob ended before its size');
    if (!(await written)) return;
    written = write(res, buffer.subarray(0, count));
    sent += count;
  }
  if (await written) res.end();
}

/** Fulfils with true when the piece has left and its memory may be used again, with false when the client has gone. */
function write(res: ServerResponse, piece: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    const gone = (): void => {
      resolve(false);
    };
    res.once('close', gone);
    res.write(piece, (fault) => {
      res.off('close', gone);
      resolve(!fault);
    });
  });
}
