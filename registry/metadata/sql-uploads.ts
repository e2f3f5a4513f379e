import type { Name } from '../model/index.ts';
import type { Upload, Uploads } from './metadata.ts';
import type { Databases } from './sql-metadata.ts';
import type { Tables } from './tables.ts';

/** Upload sessions in SQL. */
export function sqlUploads(db: Databases): Uploads {
  return {
    async start({ id, place, startedAt }) {
      await db.note
        .insertInto('uploads')
        .values({ id, ...place, started_at: startedAt })
        .execute();
    },
    async find(id) {
      const row = await db.read.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst();
      return row && fromRow(row);
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
