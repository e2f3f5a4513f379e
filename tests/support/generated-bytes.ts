import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';

const blockSize = 1024 * 1024;

/** Bytes that are made while they are sent, since a file of their size would only be read from a disk. */
export interface GeneratedBytes {
  /** May be read once. */
  readonly body: Readable;
  /** What was read so far. */
  digest(): string;
}

/** `size` bytes, of which no two MiB are equal; random, so that nothing on the way can make them smaller. */
export function generateBytes(size: number): GeneratedBytes {
  const hash = createHash('sha256');
  const random = randomBytes(blockSize);
  function* blocks(): Generator<Buffer> {
    for (let made = 0; made < size; made += blockSize) {
      // A copy: the one before may still be on its way.
      const block = Buffer.from(random.subarray(0, Math.min(blockSize, size - made)));
      if (block.length >= 8) block.writeDoubleLE(made);
      hash.update(block);
      yield block;
    }
  }
  return {
    body: Readable.from(blocks(), { highWaterMark: 2 }),
    digest: () => `sha256:${hash.copy().digest('hex')}`,
  };
}
