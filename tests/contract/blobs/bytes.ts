import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { digestFrom, type Digest, type DigestAlgorithm } from '../../../registry/model/index.ts';
import type { BlobReader, BlobStore } from '../../../registry/blobs/index.ts';

export const sha256 = { algorithm: 'sha256' } as const;

/** The digest of bytes. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = 'sha256'): Digest {
  return digestFrom(algorithm, createHash(algorithm).update(bytes).digest('hex'));
}

/** A body that gives these bytes in pieces of `size`, and then breaks with `fault` if there is one. */
export function bodyOf(bytes: Uint8Array, size = 65_536, fault?: Error): Readable {
  function* pieces(): Generator<Uint8Array> {
    for (let from = 0; from < bytes.byteLength; from += size) yield bytes.subarray(from, from + size);
    if (fault) throw fault;
  }
  return Readable.from(pieces(), { objectMode: false });
}

/** Bytes that no store has seen. */
export function someBytes(size: number): Buffer {
  return randomBytes(size);
}

/** Everything that a reader has; closes it. */
export async function readAll(reader: BlobReader | undefined): Promise<Buffer> {
  if (!reader) throw new Error('there is nothing to read');
  const pieces: Buffer[] = [];
  try {
    for (let position = 0; ;) {
      const piece = Buffer.alloc(300_007);
      const count = await reader.read(piece, position);
      if (count === 0) return Buffer.concat(pieces);
      pieces.push(piece.subarray(0, count));
      position += count;
    }
  } finally {
    await reader.close();
  }
}

/** Stores bytes as a blob in one go. */
export async function store(blobs: BlobStore, id: string, bytes: Uint8Array): Promise<Digest> {
  const digest = digestOf(bytes);
  await blobs.incoming.create(id);
  await blobs.incoming.append(id, bodyOf(bytes), sha256);
  await blobs.incoming.commit(id, digest);
  return digest;
}
