import { open } from 'node:fs/promises';
import { Kysely } from 'kysely';
import { migrate } from '../migrations.ts';
import type { Metadata } from '../metadata.ts';
import { sqlMetadata } from '../sql-metadata.ts';
import type { Tables } from '../tables.ts';
import { Changes } from './changes.ts';
import { SqliteDialect } from './dialect.ts';
import { Turn } from './turn.ts';

/** Opens, and makes or migrates, the metadata in one SQLite file. Throws when the file cannot be used. */
export async function openSqlite(file: string): Promise<Metadata> {
  // It holds password hashes and the keys that sign tokens; SQLite gives its other files the same mode.
  await (await open(file, 'a', 0o600)).close();
  const turn = new Turn();
  const changes = new Changes();
  const db = {
    read: new Kysely<Tables>({ dialect: new SqliteDialect({ file, durability: 'normal', changes }) }),
    write: new Kysely<Tables>({ dialect: new SqliteDialect({ file, durability: 'full', turn, changes }) }),
    note: new Kysely<Tables>({ dialect: new SqliteDialect({ file, durability: 'normal', turn, changes }) }),
  };
  await migrate(db.write);
  return sqlMetadata(db);
}
