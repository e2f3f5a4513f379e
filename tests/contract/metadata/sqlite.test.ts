import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { openSqlite } from '../../../registry/metadata/index.ts';
import { makeFolder, removeFolder } from '../../support/place.ts';
import { at, digestOf, imageOf, put, tags } from './content.ts';

let folder = '';
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(async () => {
  await removeFolder(folder);
});

test('its files, which hold password hashes and keys, are for their owner alone', async () => {
  const metadata = await openSqlite(join(folder, 'metadata.db'));
  await metadata.keys.addFirst({ id: 'a', jwk: '{}', createdAt: 1 });
  for (const file of ['metadata.db', 'metadata.db-wal', 'metadata.db-shm'])
    expect((await stat(join(folder, file))).mode & 0o777, file).toBe(0o600);
  await metadata.close();
});

test('what was written is there after closing and opening', async () => {
  const file = join(folder, 'metadata.db');
  const first = await openSqlite(file);
  await put(first, at('hosted'), imageOf('config'), { tags: tags('1.0') });
  await first.close();
  const second = await openSqlite(file);
  await second.check();
  expect(await second.images.findManifest(at('hosted'), { digest: imageOf('config').digest })).toBeDefined();
  await second.close();
});

test('a file that cannot be used is said at once', async () => {
  await expect(openSqlite(join(folder, 'none', 'metadata.db'))).rejects.toThrow();
  await mkdir(join(folder, 'a-folder'));
  await expect(openSqlite(join(folder, 'a-folder'))).rejects.toThrow();
  await writeFile(
    join(folder, 'text'),
    'this is no database, but it is long enough to be looked at as one'.repeat(99),
  );
  await expect(openSqlite(join(folder, 'text'))).rejects.toThrow();
});

test('after closing, asking is a fault and not a crash', async () => {
  const metadata = await openSqlite(join(folder, 'metadata.db'));
  await metadata.check();
  await metadata.close();
  await expect(metadata.check()).rejects.toThrow();
  await expect(metadata.images.blobSize(digestOf('x'))).rejects.toThrow();
});

test('a write that fails leaves the way free for the next', async () => {
  const metadata = await openSqlite(join(folder, 'metadata.db'));
  const upload = { id: 'one', place: at('hosted'), startedAt: 1 };
  await metadata.uploads.start(upload);
  const bad = { ...imageOf('config'), bytes: undefined as unknown as Uint8Array };
  const results = await Promise.allSettled([
    metadata.uploads.start(upload),
    put(metadata, at('hosted'), bad),
    put(metadata, at('hosted'), imageOf('good')),
    metadata.uploads.start({ ...upload, id: 'two' }),
  ]);
  expect(results.map((each) => each.status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled']);
  expect(await metadata.images.findManifest(at('hosted'), { digest: bad.digest })).toBeUndefined();
  await metadata.close();
});

test('who waits for a transaction of another process goes on working, and writes when it is over', async () => {
  const file = join(folder, 'metadata.db');
  const metadata = await openSqlite(file);
  const other = new DatabaseSync(file);
  other.exec('begin immediate');
  let ended = false;
  const timer = setTimeout(() => {
    ended = true;
    other.exec('commit');
  }, 100);
  onTestFinished(() => {
    clearTimeout(timer);
    other.close();
  });
  await metadata.uploads.start({ id: 'one', place: at('hosted'), startedAt: 1 });
  expect(ended).toBe(true);
  other.exec('begin immediate');
  setTimeout(() => {
    other.exec('commit');
  }, 100);
  expect(await put(metadata, at('hosted'), imageOf('config'))).toMatchObject({ outcome: 'stored' });
  await metadata.close();
});
