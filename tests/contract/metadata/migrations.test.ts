import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite } from '../../../registry/metadata/index.ts';
import { makeFolder, removeFolder } from '../../support/place.ts';
import { at, digestOf, imageOf, link, put, tags } from './content.ts';

let folder = '';
beforeEach(async () => {
  folder = await makeFolder();
});
afterEach(async () => {
  await removeFolder(folder);
});

/** Takes back what the second step did. */
function undoCaching(file: string): void {
  const database = new DatabaseSync(file);
  database.exec(`
    drop index held_manifests_by_use;
    drop index held_blobs_by_use;
    drop index held_blobs_by_digest;
    create index held_blobs_by_digest on held_blobs (digest);
    alter table held_manifests drop column used_at;
    alter table held_blobs drop column used_at;
    drop table downloads;
    drop table claims;
    drop table pins;
    drop table leaving;
    drop table blocks;
    delete from kysely_migration where name = '0002-caching'`);
  database.close();
}

test('a store from before caches had limits keeps what it holds, which counts as used when it came', async () => {
  const file = join(folder, 'metadata.db');
  const before = await openSqlite(file);
  const image = imageOf('config');
  await link(before, at('cache'), 'config');
  await put(before, at('cache'), image, { tags: tags('1.0') });
  await before.close();
  undoCaching(file);

  const after = await openSqlite(file);
  expect(await after.images.findManifest(at('cache'), { digest: image.digest })).toBeDefined();
  expect(await after.images.findBlob(at('cache'), digestOf('config'))).toMatchObject({ size: 7 });
  const hour = 3_600_000;
  expect(await after.eviction.evict('cache', { unusedSince: Date.now() - hour })).toMatchObject({ blobs: 0 });
  expect(await after.eviction.evict('cache', { unusedSince: Date.now() + hour })).toEqual({
    blobs: 1,
    manifests: 1,
    bytes: 7,
  });
  await after.close();
});
