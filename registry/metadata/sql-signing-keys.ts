import type { Kysely } from 'kysely';
import type { SigningKey, SigningKeys } from './metadata.ts';
import type { Databases } from './databases.ts';
import type { Tables } from './tables.ts';

/** Signing keys in SQL. */
export function sqlSigningKeys(db: Databases): SigningKeys {
  return {
    list: () => newestFirst(db.read),
    addFirst(key) {
      return db.write.transaction().execute(async (transaction) => {
        const [newest] = await newestFirst(transaction);
        if (newest) return newest;
        await transaction
          .insertInto('signing_keys')
          .values({ id: key.id, jwk: key.jwk, created_at: key.createdAt })
          .execute();
        return key;
      });
    },
  };
}

async function newestFirst(db: Kysely<Tables>): Promise<SigningKey[]> {
  const rows = await db
    .selectFrom('signing_keys')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ id: row.id, jwk: row.jwk, createdAt: row.created_at }));
}
