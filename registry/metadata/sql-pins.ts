import type { Databases } from './databases.ts';
import type { Pins } from './pins.ts';

/** Pins in SQL. */
export function sqlPins(db: Databases): Pins {
  return {
    pin: (digests, until) =>
      db.note.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('pins').where('until', '<=', Date.now()).execute();
        for (const digest of digests) {
          await transaction
            .insertInto('pins')
            .values({ digest, until })
            .onConflict((conflict) =>
              conflict.column('digest').doUpdateSet({ until }).where('pins.until', '<', until),
            )
            .execute();
        }
      }),
  };
}
