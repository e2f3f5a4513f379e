import type { Kysely, SelectQueryBuilder } from 'kysely';
import { type Digest, type Name, type Page, type PageOf, type Referrer, type Tag } from '../model/index.ts';
import type { HeldManifest, Images } from './metadata.ts';
import { compileOnce } from './compile-once.ts';
import { dropManifest } from './sql-drop-manifest.ts';
import { sqlHeldBlobs } from './sql-held-blobs.ts';
import type { Place } from './place.ts';
import { putManifest } from './sql-put-manifest.ts';
import type { Databases } from './databases.ts';
import type { Tables } from './tables.ts';

/** Manifests, tags and blobs in SQL. */
export function sqlImages(db: Databases): Images {
  return {
    ...sqlHeldBlobs(db),
    putManifest: (put) => db.write.transaction().execute((transaction) => putManifest(transaction, put)),
    findManifest: manifestFinder(db.read),

    async confirmTag(place, tag, digest) {
      await db.note
        .updateTable('tags')
        .set({ confirmed_at: Date.now() })
        .where('repository', '=', place.repository)
        .where('name', '=', place.name)
        .where('tag', '=', tag)
        .where('digest', '=', digest)
        .execute();
    },
    deleteManifest: (place, digest) =>
      db.write.transaction().execute((transaction) => dropManifest(transaction, place, digest)),
    async deleteTag(place, tag) {
      const { numDeletedRows } = await db.write
        .deleteFrom('tags')
        .where('repository', '=', place.repository)
        .where('name', '=', place.name)
        .where('tag', '=', tag)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },

    async listTags(place, page) {
      const tags = db.read
        .selectFrom('tags')
        .select('tag as entry')
        .where('repository', '=', place.repository)
        .where('name', '=', place.name);
      const found = await readPage<Tag>(tags, 'tag', page);
      return found.entries.length > 0 || (await holdsAnything(db.read, place)) ? found : undefined;
    },
    listNames(repository, page) {
      const names = db.read
        .selectFrom('held_manifests')
        .select('name as entry')
        .distinct()
        .where('repository', '=', repository);
      return readPage<Name>(names, 'name', page);
    },
    async listReferrers(place, subject) {
      const rows = await db.read
        .selectFrom('manifests')
        .innerJoin('held_manifests', 'held_manifests.digest', 'manifests.digest')
        .select(['manifests.digest', 'media_type', 'artifact_type', 'annotations', 'bytes'])
        .where('subject', '=', subject)
        .where('repository', '=', place.repository)
        .where('name', '=', place.name)
        .orderBy('manifests.digest')
        .execute();
      return rows.map(toReferrer);
    },
  };
}

/** The one query of a manifest GET, by tag and by digest. */
function manifestFinder(db: Kysely<Tables>): Images['findManifest'] {
  const byTag = compileOnce(
    db,
    db
      .selectFrom('tags')
      .innerJoin('manifests', 'manifests.digest', 'tags.digest')
      .select(['manifests.digest', 'media_type', 'bytes', 'confirmed_at'])
      .where('repository', '=', '')
      .where('name', '=', '')
      .where('tag', '=', ''),
  );
  const byDigest = compileOnce(
    db,
    db
      .selectFrom('held_manifests')
      .innerJoin('manifests', 'manifests.digest', 'held_manifests.digest')
      .select(['manifests.digest', 'media_type', 'bytes', 'stored_at as confirmed_at'])
      .where('repository', '=', '')
      .where('name', '=', '')
      .where('held_manifests.digest', '=', ''),
  );
  return async ({ repository, name }, reference) =>
    toHeld(
      'tag' in reference
        ? await byTag(repository, name, reference.tag)
        : await byDigest(repository, name, reference.digest),
    );
}

interface ManifestRow {
  readonly digest: string;
  readonly media_type: string;
  readonly bytes: Uint8Array;
  readonly confirmed_at: number;
}

function toHeld(row: ManifestRow | undefined): HeldManifest | undefined {
  return (
    row && {
      digest: row.digest as Digest,
      mediaType: row.media_type,
      bytes: row.bytes,
      confirmedAt: row.confirmed_at,
    }
  );
}

function toReferrer(
  row: Omit<ManifestRow, 'confirmed_at'> & { artifact_type: string | null; annotations: string },
): Referrer {
  return {
    mediaType: row.media_type,
    digest: row.digest as Digest,
    size: row.bytes.byteLength,
    artifactType: row.artifact_type ?? undefined,
    annotations: JSON.parse(row.annotations) as Record<string, string>,
  };
}

/** One entry more than wanted is read, to know whether any follow. */
async function readPage<T extends string>(
  query: SelectQueryBuilder<Tables, 'tags' | 'held_manifests', { entry: string }>,
  column: 'tag' | 'name',
  { size, last }: Page,
): Promise<PageOf<T>> {
  if (size === 0) return { entries: [], more: false };
  let wanted = query.orderBy(column);
  if (last !== undefined) wanted = wanted.where(column, '>', last);
  if (size !== undefined) wanted = wanted.limit(size + 1);
  const entries = (await wanted.execute()).map((row) => row.entry as T);
  return { entries: entries.slice(0, size), more: size !== undefined && entries.length > size };
}

async function holdsAnything(db: Kysely<Tables>, place: Place): Promise<boolean> {
  for (const table of ['held_manifests', 'held_blobs'] as const) {
    const row = await db
      .selectFrom(table)
      .select('digest')
      .where('repository', '=', place.repository)
      .where('name', '=', place.name)
      .limit(1)
      .executeTakeFirst();
    if (row) return true;
  }
  return false;
}
