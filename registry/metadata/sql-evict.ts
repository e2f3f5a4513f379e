import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Digest, Name } from '../model/index.ts';
import type { TakenAway } from './eviction.ts';
import { dropManifest } from './sql-drop-manifest.ts';
import { isUnpinned } from './sql-unprotected.ts';
import type { Tables } from './tables.ts';

/** So many are taken away in one transaction, some milliseconds; others can write in between. */
const batch = 100;

/** So many bytes, or all that was not used since a time in ms since 1970. */
type Portion = { readonly bytes: number } | { readonly before: number };

interface Taken {
  readonly count: number;
  readonly bytes: number;
}

/** Takes away from a repository what was used least recently, a few in each transaction. */
export async function evict(db: Kysely<Tables>, repository: string, portion: Portion): Promise<TakenAway> {
  const byTime = 'before' in portion;
  const before = byTime ? portion.before : Number.MAX_SAFE_INTEGER;
  const manifests = byTime
    ? await inBatches(db, Infinity, (transaction) => takeManifests(transaction, repository, before))
    : { count: 0 };
  const blobs = await inBatches(db, byTime ? Infinity : portion.bytes, (transaction, wanted) =>
    takeBlobs(transaction, repository, before, wanted),
  );
  return { manifests: manifests.count, blobs: blobs.count, bytes: blobs.bytes };
}

/** Until there is no more to take, or `bytes` have been taken. */
async function inBatches(
  db: Kysely<Tables>,
  bytes: number,
  take: (transaction: Transaction<Tables>, wanted: number) => Promise<Taken>,
): Promise<Taken> {
  let sum: Taken = { count: 0, bytes: 0 };
  while (sum.bytes < bytes) {
    const wanted = bytes - sum.bytes;
    const taken = await db.transaction().execute((transaction) => take(transaction, wanted));
    if (taken.count === 0) break;
    sum = { count: sum.count + taken.count, bytes: sum.bytes + taken.bytes };
    await nextTurn();
  }
  return sum;
}

async function takeManifests(db: Transaction<Tables>, repository: string, before: number): Promise<Taken> {
  const rows = await db
    .selectFrom('held_manifests')
    .select(['name', 'digest'])
    .where('repository', '=', repository)
    .where('used_at', '<', before)
    .where(isUnpinned('held_manifests.digest'))
    .limit(batch)
    .execute();
  for (const { name, digest } of rows)
    await dropManifest(db, { repository, name: name as Name }, digest as Digest);
  return { count: rows.length, bytes: 0 };
}

/** The oldest that together have `wanted` bytes or a little more; a blob under several names goes from all of them. */
async function takeBlobs(
  db: Transaction<Tables>,
  repository: string,
  before: number,
  wanted: number,
): Promise<Taken> {
  const oldest = await db
    .selectFrom('held_blobs')
    .innerJoin('blobs', 'blobs.digest', 'held_blobs.digest')
    .select(['held_blobs.digest', 'size'])
    .where('repository', '=', repository)
    .where('used_at', '<', before)
    .where(isUnpinned('held_blobs.digest'))
    .where((where) =>
      where.not(
        where.exists(
          where
            .selectFrom('held_blobs as later')
            .select('later.digest')
            .whereRef('later.digest', '=', 'held_blobs.digest')
            .whereRef('later.repository', '=', 'held_blobs.repository')
            // The plus keeps SQLite from the index of times, in which most are later.
            .where(sql<boolean>`+later.used_at > held_blobs.used_at`),
        ),
      ),
    )
    .orderBy('used_at')
    .limit(batch)
    .execute();
  const sizes = new Map(oldest.map(({ digest, size }) => [digest, size]));
  let bytes = 0;
  const digests: string[] = [];
  for (const [digest, size] of sizes) {
    if (bytes >= wanted) break;
    digests.push(digest);
    bytes += size;
  }
  if (digests.length > 0)
    await db
      .deleteFrom('held_blobs')
      .where('repository', '=', repository)
      .where('digest', 'in', digests)
      .execute();
  return { count: digests.length, bytes };
}
