import { createHash } from 'node:crypto';
import { mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HashingWriter } from '../../../registry/blobs/filesystem/hashing-writer.ts';

const KIB = 1024;
const RECORD = 16 * KIB;

let folder: string;
let file: FileHandle;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dg-'));
  file = await open(join(folder, 'file'), 'w+');
});
afterEach(async () => {
  await file.close();
  await rm(folder, { recursive: true });
});

/** A sender that has everything ready and never makes anybody wait, as many records as that. */
function fastSender(records: number): { body: Readable; taken: () => number } {
  let taken = 0;
  function* all(): Generator<Buffer> {
    for (; taken < records; taken += 1) yield Buffer.alloc(RECORD, taken);
  }
  return { body: Readable.from(all(), { highWaterMark: 1 }), taken: () => taken * RECORD };
}

/** How much of 16 MiB was taken by the time of each growth, beside how much had grown. */
async function lead(position: number): Promise<{ grown: number; taken: number }[]> {
  const growths: { grown: number; taken: number }[] = [];
  const { body, taken } = fastSender(1024);
  const onGrowth = (size: number): void => void growths.push({ grown: size - position, taken: taken() });
  await pipeline(body, new HashingWriter(file, position, createHash('sha256'), onGrowth));
  return growths;
}

test.each([0, 1_000_000])(
  'the first bytes from %i on can be read before much more is taken',
  async (from) => {
    const growths = await lead(from);
    expect(growths[0]?.grown).toBe(RECORD);
    for (const { grown, taken } of growths.filter(({ grown }) => grown <= 200 * KIB))
      expect(taken - grown).toBeLessThanOrEqual(128 * KIB);
    expect(growths.at(-1)?.grown).toBe(1024 * RECORD);
  },
);

test('then they are written in large pieces', async () => {
  expect((await lead(0)).length).toBeLessThan(256);
});
