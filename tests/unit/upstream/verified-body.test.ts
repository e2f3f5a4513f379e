import { createHash, randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { parseDigest } from '../../../registry/model/index.ts';
import { VerifiedBody } from '../../../registry/upstream/verified-body.ts';

const pieces = [randomBytes(1000), randomBytes(70_000), randomBytes(1)];
const bytes = Buffer.concat(pieces);
const digestOf = (algorithm: string, of: Buffer) =>
  parseDigest(`${algorithm}:${createHash(algorithm).update(of).digest('hex')}`);

async function pass(body: VerifiedBody, source: readonly Buffer[]): Promise<Buffer> {
  const out: Buffer[] = [];
  await pipeline(Readable.from(source), body, async (all: AsyncIterable<Buffer>) => {
    for await (const piece of all) out.push(piece);
  }).catch((fault: unknown) => {
    throw Object.assign(fault as Error, { got: Buffer.concat(out).byteLength });
  });
  return Buffer.concat(out);
}

test.each(['sha256', 'sha512'])('the right bytes pass, by %s', async (algorithm) => {
  let moved = 0;
  const body = new VerifiedBody(
    digestOf(algorithm, bytes),
    () => new Error('wrong'),
    (count) => (moved += count),
  );
  expect(await pass(body, pieces)).toEqual(bytes);
  expect(moved).toBe(bytes.byteLength);
});

test('an empty blob passes', async () => {
  const body = new VerifiedBody(
    digestOf('sha256', Buffer.alloc(0)),
    () => new Error('wrong'),
    () => undefined,
  );
  expect(await pass(body, [])).toEqual(Buffer.alloc(0));
});

test('of wrong bytes the last piece never leaves', async () => {
  const other = digestOf('sha256', Buffer.from('other'));
  const body = new VerifiedBody(
    other,
    (found) => new Error(`found ${found}`),
    () => undefined,
  );
  const fault: unknown = await pass(body, pieces).catch((thrown: unknown) => thrown);
  expect(fault).toMatchObject({ message: `found ${digestOf('sha256', bytes)}` });
  expect((fault as { got: number }).got).toBeLessThan(bytes.byteLength);
});
