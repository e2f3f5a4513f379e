import type { Digest } from '../model/index.ts';
import type { Databases } from './databases.ts';
import type { Eviction } from './eviction.ts';
import { evict } from './sql-evict.ts';
import { removeLeaving, startLeaving } from './sql-forget.ts';
import { slicesOfBlobs } from './sql-slices.ts';
import { isUnwanted } from './sql-unprotected.ts';

/** Eviction in SQL. */
export function sqlEviction(db: Databases): Eviction {
  async function size(repository: string): Promise<number> {
    let sum = 0;
    for await (const { after, upTo } of slicesOfBlobs(db.read)) {
      const { bytes } = await db.read
        .selectFrom('blobs')
        .select(({ fn }) => fn.sum<number | null>('size').as('bytes'))
        .where('digest', '>', after)
        .where('digest', '<=', upTo)
        .where((where) =>
          where.exists(
            where
              .selectFrom('held_blobs')
              .select('held_blobs.digest')
              .whereRef('held_blobs.digest', '=', 'blobs.digest')
              .where('repository', '=', repository),
          ),
        )
        .executeTakeFirstOrThrow();
      sum += bytes ?? 0;
    }
    return sum;
  }

  return {
    size,
    async evict(repository, surplus) {
      if ('unusedSince' in surplus) return evict(db.note, repository, { before: surplus.unusedSince });
      return evict(db.note, repository, { bytes: (await size(repository)) - surplus.size });
    },
    async orphans(limit) {
      // Those that were begun are ended first.
      const found = await db.read
        .selectFrom('leaving')
        .select('digest')
        .where(isUnwanted('leaving.digest'))
        .limit(limit)
        .execute();
      for await (const { after, upTo } of slicesOfBlobs(db.read)) {
        if (found.length >= limit) break;
        const more = await db.read
          .selectFrom('blobs')
          .select('digest')
          .where('digest', '>', after)
          .where('digest', '<=', upTo)
          .where(isUnwanted('blobs.digest'))
          .limit(limit - found.length)
          .execute();
        found.push(...more);
      }
      return found.map((row) => row.digest as Digest);
    },
    async forget(digest, remove) {
      await db.write.transaction().execute((transaction) => startLeaving(transaction, digest));
      return db.note.transaction().execute((transaction) => removeLeaving(transaction, digest, remove));
    },
  };
}
