import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openFilesystem, withQuota, type BlobStore } from '../../../registry/blobs/index.ts';
import { digestFrom } from '../../../registry/model/index.ts';

let root: string;
let store: BlobStore;
let used: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'quota-'));
  used = 0;
  store = withQuota(await openFilesystem(root), { limit: 10, used: () => Promise.resolve(used) });
});
afterEach(() => rm(root, { recursive: true }));

async function put(id: string, bytes: string): Promise<number> {
  await store.incoming.create(id);
  await store.incoming.append(id, Readable.from([Buffer.from(bytes)]), { algorithm: 'sha256' });
  return store.incoming.commit(id, digestFrom('sha256', createHash('sha256').update(bytes).digest('hex')));
}

test('below the limit a blob may begin, also one that passes it', async () => {
  used = 9;
  expect(await put('a', '0123456789')).toBe(10);
});

test('at the limit nothing new begins, what has begun may end, and the message says what to do', async () => {
  await store.incoming.create('before');
  used = 10;
  store = withQuota(await openFilesystem(root), { limit: 10, used: () => Promise.resolve(used) });
  await expect(store.incoming.create('a')).rejects.toMatchObject({
    kind: 'storageFull',
    message: 'the blob store has reached its quota of 10 bytes: raise it in the configuration',
  });
  expect(
    await store.incoming.append('before', Readable.from([Buffer.from('x')]), { algorithm: 'sha256' }),
  ).toBe(1);
});

test('room that was made is seen at once', async () => {
  used = 10;
  await expect(store.incoming.create('a')).rejects.toThrow();
  used = 9;
  await store.incoming.create('a');
});
