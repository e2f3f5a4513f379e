import type { User, Users } from './metadata.ts';
import type { Databases } from './databases.ts';
import type { Tables } from './tables.ts';

/** Users in SQL. */
export function sqlUsers(db: Databases): Users {
  return {
    async find(name) {
      const row = await db.read.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
      return row && fromRow(row);
    },
    async add({ name, passwordHash, roles, createdAt }) {
      const { numInsertedOrUpdatedRows } = await db.write
        .insertInto('users')
        .values({ name, password_hash: passwordHash, roles: JSON.stringify(roles), created_at: createdAt })
        .onConflict((conflict) => conflict.doNothing())
        .executeTakeFirstOrThrow();
      return (numInsertedOrUpdatedRows ?? 0n) > 0n;
    },
    async setPassword(name, passwordHash) {
      const { numUpdatedRows } = await db.write
        .updateTable('users')
        .set({ password_hash: passwordHash })
        .where('name', '=', name)
        .executeTakeFirstOrThrow();
      return numUpdatedRows > 0n;
    },
    async remove(name) {
      const { numDeletedRows } = await db.write
        .deleteFrom('users')
        .where('name', '=', name)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
    async list() {
      return (await db.read.selectFrom('users').selectAll().orderBy('name').execute()).map(fromRow);
    },
  };
}

function fromRow(row: Tables['users']): User {
  return {
    name: row.name,
    passwordHash: row.password_hash,
    roles: JSON.parse(row.roles) as string[],
    createdAt: row.created_at,
  };
}
