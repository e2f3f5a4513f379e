import type { Blocks } from './blocks.ts';
import { compileOnce } from './compile-once.ts';
import type { Databases } from './databases.ts';

/** Blocks in SQL. */
export function sqlBlocks(db: Databases): Blocks {
  const find = compileOnce(
    db.read,
    db.read.selectFrom('blocks').select('repository').where('repository', '=', ''),
  );
  return {
    list: () => db.read.selectFrom('blocks').selectAll().orderBy('repository').execute(),
    async block({ repository, by, at, reason }) {
      await db.write
        .insertInto('blocks')
        .values({ repository, by, at, reason })
        .onConflict((conflict) => conflict.column('repository').doUpdateSet({ by, at, reason }))
        .execute();
    },
    async unblock(repository) {
      const { numDeletedRows } = await db.write
        .deleteFrom('blocks')
        .where('repository', '=', repository)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
    isBlocked: async (repository) => (await find(repository)) !== undefined,
  };
}
