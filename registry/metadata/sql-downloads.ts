import type { Transaction } from 'kysely';
import type { Digest, Name } from '../model/index.ts';
import type { Databases } from './databases.ts';
import type { Download, Downloads, Offer } from './downloads.ts';
import type { Tables } from './tables.ts';

/** After so long, in ms, the bytes that a holder left when it ended may be swept, and nobody goes on with them. */
const abandonedFor = 24 * 60 * 60 * 1000;

/** Downloads in SQL. */
export function sqlDownloads(db: Databases): Downloads {
  /** The running download of a digest, if it is that holder's. */
  const own = (digest: Digest, by: string) =>
    db.note
      .updateTable('downloads')
      .where('digest', '=', digest)
      .where('by', '=', by)
      .where('outcome', 'is', null);
  return {
    join: (digest, mine) =>
      db.note.transaction().execute(async (transaction) => {
        await dropOld(transaction);
        return join(transaction, digest, mine);
      }),
    async find(digest) {
      const row = await db.read
        .selectFrom('downloads')
        .selectAll()
        .where('digest', '=', digest)
        .executeTakeFirst();
      return row && (row.outcome === null || row.until > Date.now()) ? fromRow(row) : undefined;
    },
    async prolong(digest, by, until) {
      const { numUpdatedRows } = await own(digest, by).set({ until }).executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
    async announce(digest, by, size) {
      await own(digest, by).set({ size }).execute();
    },
    async end(digest, by) {
      await db.note.deleteFrom('downloads').where('digest', '=', digest).where('by', '=', by).execute();
    },
    async fail(digest, by, outcome, until) {
      await own(digest, by).set({ outcome, until }).execute();
    },
  };
}

async function join(db: Transaction<Tables>, digest: Digest, mine: Offer): Promise<Download> {
  const row = await db.selectFrom('downloads').selectAll().where('digest', '=', digest).executeTakeFirst();
  if (row?.outcome === null && row.until > Date.now()) return fromRow(row);
  const { by, until } = mine;
  if (row?.outcome === null) {
    await db.updateTable('downloads').set({ by, until }).where('digest', '=', digest).execute();
    return fromRow({ ...row, by, until });
  }
  const fresh = { digest, id: mine.id, by, until, ...mine.place, size: null, outcome: null };
  await db.deleteFrom('downloads').where('digest', '=', digest).execute();
  await db.insertInto('downloads').values(fresh).execute();
  return fromRow(fresh);
}

async function dropOld(db: Transaction<Tables>): Promise<void> {
  const now = Date.now();
  await db
    .deleteFrom('downloads')
    .where((where) =>
      where.or([
        where('until', '<', now - abandonedFor),
        where.and([where('outcome', 'is not', null), where('until', '<=', now)]),
      ]),
    )
    .execute();
}

function fromRow({ repository, name, ...row }: Tables['downloads']): Download {
  return {
    digest: row.digest as Digest,
    id: row.id,
    by: row.by,
    until: row.until,
    place: { repository, name: name as Name },
    size: row.size ?? undefined,
    outcome: row.outcome ?? undefined,
  };
}
