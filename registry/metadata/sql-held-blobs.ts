import type { Transaction } from 'kysely';
import type { Digest, Name } from '../model/index.ts';
import type { Images } from './metadata.ts';
import { compileOnce } from './compile-once.ts';
import type { Databases } from './databases.ts';
import type { Place } from './place.ts';
import type { Tables } from './tables.ts';

type HeldBlobs = Pick<
  Images,
  | 'linkBlob'
  | 'linkKnown'
  | 'findBlob'
  | 'findReferrerOf'
  | 'blobSize'
  | 'blobBytes'
  | 'placesOfBlob'
  | 'unlinkBlob'
>;

/** Which name of which repository may serve which blob, in SQL. */
export function sqlHeldBlobs(db: Databases): HeldBlobs {
  const find = compileOnce(
    db.read,
    db.read
      .selectFrom('held_blobs')
      .innerJoin('blobs', 'blobs.digest', 'held_blobs.digest')
      .select(['size', 'linked_at as heldAt'])
      .where('repository', '=', '')
      .where('name', '=', '')
      .where('held_blobs.digest', '=', ''),
  );
  return {
    linkBlob: (place, { digest, size }) =>
      db.write.transaction().execute(async (transaction) => {
        await transaction
          .insertInto('blobs')
          .values({ digest, size, stored_at: Date.now() })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
        await transaction.deleteFrom('leaving').where('digest', '=', digest).execute();
        await hold(transaction, place, digest);
      }),
    linkKnown: (place, digest) =>
      db.write.transaction().execute(async (transaction) => {
        const known = await transaction
          .selectFrom('blobs')
          .select('size')
          .where('digest', '=', digest)
          .executeTakeFirst();
        if (known) await hold(transaction, place, digest);
        return known?.size;
      }),
    findBlob: ({ repository, name }, digest) => find(repository, name, digest),
    findReferrerOf: ({ repository, name }, digest) =>
      db.read
        .selectFrom('manifest_references')
        .innerJoin('held_manifests', 'held_manifests.digest', 'manifest_references.manifest')
        .innerJoin('manifests', 'manifests.digest', 'manifest_references.manifest')
        .select(['media_type as mediaType', 'bytes'])
        .where('manifest_references.digest', '=', digest)
        .where('repository', '=', repository)
        .where('name', '=', name)
        .limit(1)
        .executeTakeFirst(),
    async blobSize(digest) {
      const row = await db.read
        .selectFrom('blobs')
        .select('size')
        .where('digest', '=', digest)
        .executeTakeFirst();
      return row?.size;
    },
    async blobBytes() {
      const { bytes } = await db.read
        .selectFrom('blobs')
        .select(({ fn }) => fn.sum<number | null>('size').as('bytes'))
        .executeTakeFirstOrThrow();
      return bytes ?? 0;
    },
    async placesOfBlob(digest, repositories) {
      if (repositories.length === 0) return [];
      const rows = await db.read
        .selectFrom('held_blobs')
        .select(['repository', 'name'])
        .where('digest', '=', digest)
        .where('repository', 'in', repositories)
        .orderBy('repository')
        .orderBy('name')
        .execute();
      return rows.map((row) => ({ repository: row.repository, name: row.name as Name }));
    },
    async unlinkBlob(place, digest: Digest) {
      const { numDeletedRows } = await db.write
        .deleteFrom('held_blobs')
        .where('repository', '=', place.repository)
        .where('name', '=', place.name)
        .where('digest', '=', digest)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}

async function hold(db: Transaction<Tables>, place: Place, digest: Digest): Promise<void> {
  const now = Date.now();
  await db
    .insertInto('held_blobs')
    .values({ ...place, digest, linked_at: now, used_at: now })
    .onConflict((conflict) =>
      conflict.columns(['repository', 'name', 'digest']).doUpdateSet({ used_at: now }),
    )
    .execute();
}
