import type { Name } from '../model/index.ts';
import type { Upload, Uploads } from './metadata.ts';
import type { Databases } from './databases.ts';
import type { Tables } from './tables.ts';

/** Upload sessions in SQL. */
export function sqlUploads(db: Databases): Uploads {
  return {
    async start({ id, place, startedAt }) {
      await db.note
        .insertInto('uploads')
        .values({ id, ...place, started_at: startedAt, claimed_by: null, claimed_until: 0 })
        .execute();
    },
    async find(id) {
      const row = await db.read.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();
      return row && fromRow(row);
    },
    async claim(id, by, until) {
      const { numUpdatedRows } = await db.note
        .updateTable('uploads')
        .set({ claimed_by: by, claimed_until: until })
        .where('id', '=', id)
        .where((where) => where.or([where('claimed_until', '<', Date.now()), where('claimed_by', '=', by)]))
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
    async release(id, by) {
      await db.note
        .updateTable('uploads')
        .set({ claimed_by: null, claimed_until: 0 })
        .where('id', '=', id)
        .where('claimed_by', '=', by)
        .execute();
    },
    async end(id) {
      const { numDeletedRows } = await db.note
        .deleteFrom('uploads')
        .where('id', '=', id)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
    async startedBefore(time) {
      const rows = await db.read.selectFrom('uploads').selectAll().where('started_at', '<', time).execute();
      return rows.map(fromRow);
    },
  };
}

function fromRow(row: Tables['uploads']): Upload {
  return {
    id: row.id,
    place: { repository: row.repository, name: row.name as Name },
    startedAt: row.started_at,
  };
}
