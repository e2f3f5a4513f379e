import { setImmediate as nextTurn } from 'node:timers/promises';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Databases } from './databases.ts';
import type { Tables } from './tables.ts';
import type { Pull, Usage } from './usage.ts';

/**
 * How exact times of use are, in ms. What is pulled all the time is written down once in so long: a write makes every
 * process forget the answers that it remembers, and a transaction that changes no row is none.
 */
const exactness = 60_000;
/** So many are noted in one transaction, some milliseconds; others get their turn in between. */
const batch = 100;

/** Usage in SQL. */
export function sqlUsage(db: Databases): Usage {
  return {
    async pulled(pulls, at) {
      for (let from = 0; from < pulls.length; from += batch) {
        if (from > 0) await nextTurn();
        await noteAll(db.note, pulls.slice(from, from + batch), at);
      }
    },
  };
}

function noteAll(db: Kysely<Tables>, pulls: readonly Pull[], at: number): Promise<void> {
  return db.transaction().execute(async (transaction) => {
    for (const pull of pulls) {
      if (await noteManifest(transaction, pull, at)) await noteReferences(transaction, pull, at);
      else await noteBlob(transaction, pull, at);
    }
  });
}

/** False for what is no manifest, and for one that was noted just now; what was never noted is, however new. */
async function noteManifest(
  db: Transaction<Tables>,
  { place: { repository, name }, digest }: Pull,
  at: number,
): Promise<boolean> {
  const { numAffectedRows = 0n } = await sql`update held_manifests set used_at = ${at}
    where repository = ${repository} and name = ${name} and digest = ${digest}
      and (used_at <= ${at - exactness} or used_at = stored_at and stored_at < ${at})`.execute(db);
  return numAffectedRows > 0n;
}

async function noteBlob(
  db: Transaction<Tables>,
  { place: { repository, name }, digest }: Pull,
  at: number,
): Promise<void> {
  await sql`update held_blobs set used_at = ${at}
    where repository = ${repository} and name = ${name} and digest = ${digest}
      and used_at <= ${at - exactness}`.execute(db);
}

/** What hangs on a manifest: its blobs, and the manifests of an index with theirs, as far as they are here. */
async function noteReferences(
  db: Transaction<Tables>,
  { place: { repository, name }, digest }: Pull,
  at: number,
): Promise<void> {
  const used = sql`with recursive used (digest) as (
    values (${digest})
    union select manifest_references.digest from used
      cross join held_manifests on held_manifests.digest = used.digest
        and held_manifests.repository = ${repository} and held_manifests.name = ${name}
      cross join manifest_references on manifest_references.manifest = held_manifests.digest)`;
  // Digests lead to a few rows, times of use to most: the plus keeps SQLite from the index of the latter.
  const isDue = sql`+used_at <= ${at - exactness} and digest in (select digest from used)`;
  await sql`${used} update held_manifests set used_at = ${at}
    where repository = ${repository} and name = ${name} and ${isDue}`.execute(db);
  await sql`${used} update held_blobs set used_at = ${at}
    where repository = ${repository} and ${isDue}`.execute(db);
}
