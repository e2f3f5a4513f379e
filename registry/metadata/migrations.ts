import type { Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import { addCaching } from './add-caching.ts';
import type { Tables } from './tables.ts';

/** Every step ever taken, oldest first; a step that has been released is never edited. */
const migrations: Record<string, Migration> = {
  '0001-images-uploads-users': { up: createTables },
  '0002-caching': { up: addCaching },
};

/** Brings the tables to the newest form; again, or by two processes at once, is fine. Throws what went wrong. */
export async function migrate(db: Kysely<Tables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(migrations) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw new Error('the metadata could not be migrated', { cause: error });
}

async function createTables(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('manifests')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('media_type', 'text', (column) => column.notNull())
    .addColumn('artifact_type', 'text')
    .addColumn('subject', 'text')
    .addColumn('annotations', 'text', (column) => column.notNull())
    .addColumn('bytes', 'blob', (column) => column.notNull())
    .execute();
  await schema.createIndex('manifests_by_subject').on('manifests').column('subject').execute();

  await schema
    .createTable('manifest_references')
    .addColumn('manifest', 'text', (column) =>
      column.notNull().references('manifests.digest').onDelete('cascade'),
    )
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('manifest_references_key', ['manifest', 'digest'])
    .execute();
  await schema.createIndex('references_by_digest').on('manifest_references').column('digest').execute();

  await schema
    .createTable('held_manifests')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull().references('manifests.digest'))
    .addColumn('stored_at', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('held_manifests_key', ['repository', 'name', 'digest'])
    .execute();
  await schema.createIndex('held_manifests_by_digest').on('held_manifests').column('digest').execute();

  await schema
    .createTable('tags')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('tag', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('changed_at', 'integer', (column) => column.notNull())
    .addColumn('confirmed_at', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('tags_key', ['repository', 'name', 'tag'])
    .addForeignKeyConstraint(
      'tags_name_a_held_manifest',
      ['repository', 'name', 'digest'],
      'held_manifests',
      ['repository', 'name', 'digest'],
      (constraint) => constraint.onDelete('cascade'),
    )
    .execute();
  await schema.createIndex('tags_by_digest').on('tags').columns(['repository', 'name', 'digest']).execute();

  await schema
    .createTable('blobs')
    .addColumn('digest', 'text', (column) => column.primaryKey())
    .addColumn('size', 'integer', (column) => column.notNull())
    .addColumn('stored_at', 'integer', (column) => column.notNull())
    .execute();
  await schema
    .createTable('held_blobs')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull().references('blobs.digest'))
    .addColumn('linked_at', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('held_blobs_key', ['repository', 'name', 'digest'])
    .execute();
  await schema.createIndex('held_blobs_by_digest').on('held_blobs').column('digest').execute();

  await schema
    .createTable('uploads')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('started_at', 'integer', (column) => column.notNull())
    .addColumn('claimed_by', 'text')
    .addColumn('claimed_until', 'integer', (column) => column.notNull())
    .execute();
  await schema
    .createTable('absences')
    .addColumn('repository', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('reference', 'text', (column) => column.notNull())
    .addColumn('until', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('absences_key', ['repository', 'name', 'reference'])
    .execute();

  await schema
    .createTable('users')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .addColumn('roles', 'text', (column) => column.notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .execute();
  await schema
    .createTable('signing_keys')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('jwk', 'text', (column) => column.notNull())
    .addColumn('created_at', 'integer', (column) => column.notNull())
    .execute();
}
