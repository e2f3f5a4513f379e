import { sql, type Kysely } from 'kysely';

/** What caches need: when content was last used, who downloads what, and what must stay for a while. */
export async function addCaching(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  for (const [table, since] of [
    ['held_manifests', 'stored_at'],
    ['held_blobs', 'linked_at'],
  ] as const) {
    await schema
      .alterTable(table)
      .addColumn('used_at', 'integer', (column) => column.notNull().defaultTo(0))
      .execute();
    await sql`update ${sql.table(table)} set used_at = ${sql.ref(since)}`.execute(db);
    await schema.createIndex(`${table}_by_use`).on(table).columns(['repository', 'used_at']).execute();
  }

  // Where both are asked for, the digest says much more than the repository, which SQLite cannot know.
  await schema.dropIndex('held_blobs_by_digest').execute();
  await schema
    .createIndex('held_blobs_by_digest')
    .on('held_blobs')
    .columns(['digest', 'repository', 'name'])
    .execute();

  await schema
    .createTable('downloads')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('by', 'text', (column) => column.notNull())
    .addColumn('until', 'integer', (column) => column.notNull())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('size', 'integer')
    .addColumn('outcome', 'text')
    .execute();
  await schema
    .createTable('claims')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('by', 'text', (column) => column.notNull())
    .addColumn('until', 'integer', (column) => column.notNull())
    .execute();
  await schema
    .createTable('pins')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('until', 'integer', (column) => column.notNull())
    .execute();
  await schema
    .createTable('leaving')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .execute();
  await schema
    .createTable('blocks')
    .addColumn('repository', 'text', (column) => column.primaryKey())
    .addColumn('by', 'text', (column) => column.notNull())
    .addColumn('at', 'integer', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .execute();
}
