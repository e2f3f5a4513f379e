import { sql, type RawBuilder } from 'kysely';

type DigestColumn = `${'held_blobs' | 'held_manifests' | 'blobs' | 'leaving'}.digest`;

/** True of rows whose digest is not pinned now. */
export function isUnpinned(digest: DigestColumn): RawBuilder<boolean> {
  return sql`not exists (
    select 1 from pins where pins.digest = ${sql.ref(digest)} and pins.until > ${Date.now()})`;
}

/** True of rows whose digest nobody holds, has pinned, or downloads now. */
export function isUnwanted(digest: DigestColumn): RawBuilder<boolean> {
  return sql`not exists (select 1 from held_blobs as holder where holder.digest = ${sql.ref(digest)})
    and ${isUnpinned(digest)}
    and not exists (
      select 1 from downloads
      where downloads.digest = ${sql.ref(digest)} and downloads.outcome is null and downloads.until > ${Date.now()})`;
}
