import type { Transaction } from 'kysely';
import type { Digest, Manifest } from '../model/index.ts';
import type { Place } from './metadata.ts';
import type { Tables } from './tables.ts';

interface Adoption {
  readonly adopted: Digest[];
  readonly missing: Digest[];
}

/**
 * Makes sure that `place` holds all that a manifest references: what is missing there is linked from the first of
 * `from` that holds it, a child manifest with all that it references in turn. Nothing may be kept when any is missing.
 */
export async function adoptReferences(
  db: Transaction<Tables>,
  place: Place,
  manifest: Manifest,
  from: readonly Place[],
): Promise<Adoption> {
  const adoption: Adoption = { adopted: [], missing: [] };
  const blobs = manifest.blobs.map((each) => each.digest);
  const manifests = manifest.manifests.map((each) => each.digest);
  await adoptAll(db, { place, from, adoption }, { blobs, manifests });
  return adoption;
}

interface Task {
  readonly place: Place;
  readonly from: readonly Place[];
  readonly adoption: Adoption;
}

interface References {
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
}

async function adoptAll(
  db: Transaction<Tables>,
  task: Task,
  { blobs, manifests }: References,
): Promise<void> {
  for (const digest of new Set(blobs)) await adopt(db, task, 'held_blobs', digest);
  for (const digest of new Set(manifests)) {
    // Only what was not held before can lack something.
    if (await adopt(db, task, 'held_manifests', digest))
      await adoptAll(db, task, await referencesOf(db, digest));
  }
}

/** True when the content was linked just now. */
async function adopt(
  db: Transaction<Tables>,
  { place, from, adoption }: Task,
  table: 'held_blobs' | 'held_manifests',
  digest: Digest,
): Promise<boolean> {
  if (await holds(db, table, place, digest)) return false;
  for (const source of from) {
    if (!(await holds(db, table, source, digest))) continue;
    const now = Date.now();
    await (
      table === 'held_blobs'
        ? db.insertInto(table).values({ ...place, digest, linked_at: now })
        : db.insertInto(table).values({ ...place, digest, stored_at: now })
    ).execute();
    adoption.adopted.push(digest);
    return true;
  }
  adoption.missing.push(digest);
  return false;
}

async function holds(
  db: Transaction<Tables>,
  table: 'held_blobs' | 'held_manifests',
  place: Place,
  digest: Digest,
): Promise<boolean> {
  const row = await db
    .selectFrom(table)
    .select('digest')
    .where('repository', '=', place.repository)
    .where('name', '=', place.name)
    .where('digest', '=', digest)
    .executeTakeFirst();
  return row !== undefined;
}

async function referencesOf(db: Transaction<Tables>, digest: Digest): Promise<References> {
  const rows = await db
    .selectFrom('manifest_references')
    .select(['digest', 'kind'])
    .where('manifest', '=', digest)
    .execute();
  const of = (kind: 'blob' | 'manifest') =>
    rows.filter((row) => row.kind === kind).map((row) => row.digest as Digest);
  return { blobs: of('blob'), manifests: of('manifest') };
}
