import type { Absences } from './metadata.ts';
import type { Databases } from './databases.ts';

/** What upstreams do not have, in SQL. */
export function sqlAbsences(db: Databases): Absences {
  return {
    async has(place, reference, now) {
      const row = await db.read
        .selectFrom('absences')
        .select('until')
        .where('repository', '=', place.repository)
        .where('name', '=', place.name)
        .where('reference', '=', reference)
        .executeTakeFirst();
      return row !== undefined && row.until > now;
    },
    async remember(place, reference, until) {
      await db.note.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('absences').where('until', '<', Date.now()).execute();
        await transaction
          .insertInto('absences')
          .values({ ...place, reference, until })
          .onConflict((conflict) =>
            conflict.columns(['repository', 'name', 'reference']).doUpdateSet({ until }),
          )
          .execute();
      });
    },
    async forget(places) {
      for (const { repository, name } of places) {
        await db.note
          .deleteFrom('absences')
          .where('repository', '=', repository)
          .where('name', '=', name)
          .execute();
      }
    },
  };
}
