import type { Claims } from './claims.ts';
import type { Databases } from './databases.ts';

/** Claims in SQL. */
export function sqlClaims(db: Databases): Claims {
  return {
    claim: (key, by, until) =>
      db.note.transaction().execute(async (transaction) => {
        await transaction.deleteFrom('claims').where('until', '<=', Date.now()).execute();
        const { numInsertedOrUpdatedRows } = await transaction
          .insertInto('claims')
          .values({ key, by, until })
          .onConflict((conflict) => conflict.column('key').doUpdateSet({ until }).where('claims.by', '=', by))
          .executeTakeFirstOrThrow();
        return (numInsertedOrUpdatedRows ?? 0n) > 0n;
      }),
    async release(key, by) {
      await db.note.deleteFrom('claims').where('key', '=', key).where('by', '=', by).execute();
    },
  };
}
