import { sql } from 'kysely';
import type { Databases } from './databases.ts';
import type { Metadata } from './metadata.ts';
import { sqlAbsences } from './sql-absences.ts';
import { sqlBlocks } from './sql-blocks.ts';
import { sqlClaims } from './sql-claims.ts';
import { sqlDownloads } from './sql-downloads.ts';
import { sqlEviction } from './sql-eviction.ts';
import { sqlImages } from './sql-images.ts';
import { sqlPins } from './sql-pins.ts';
import { sqlSigningKeys } from './sql-signing-keys.ts';
import { sqlUploads } from './sql-uploads.ts';
import { sqlUsage } from './sql-usage.ts';
import { sqlUsers } from './sql-users.ts';

/** The store in SQL, the same for every database that kysely speaks to. */
export function sqlMetadata(db: Databases): Metadata {
  return {
    images: sqlImages(db),
    uploads: sqlUploads(db),
    users: sqlUsers(db),
    keys: sqlSigningKeys(db),
    absences: sqlAbsences(db),
    downloads: sqlDownloads(db),
    claims: sqlClaims(db),
    pins: sqlPins(db),
    usage: sqlUsage(db),
    blocks: sqlBlocks(db),
    eviction: sqlEviction(db),
    async check() {
      await sql`select count(*) from signing_keys`.execute(db.read);
    },
    async close() {
      for (const each of [db.note, db.write, db.read]) await each.destroy();
    },
  };
}
