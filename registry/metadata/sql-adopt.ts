import type { Transaction } from 'kysely';
import type { Digest, Manifest } from '../model/index.ts';
import type { Place } from './place.ts';
import type { Tables } from './tables.ts';

interface Content {
  readonly table: 'held_blobs' | 'held_manifests';
  readonly digest: Digest;
}

/** What was linked, and what was found nowhere; nothing was linked when anything is missing. */
interface Adoption {
  readonly adopted: readonly Digest[];
  readonly missing: readonly Digest[];
}

/** What is found out before anything is written. */
interface Search {
  readonly place: Place;
  readonly from: readonly Place[];
  /** What is to be linked, by table and digest: the same bytes may be a child of one manifest and a layer of another. */
  readonly elsewhere: Map<string, Content>;
  readonly missing: Set<Digest>;
}

interface References {
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
}

/**
 * Makes sure that `place` holds all that a manifest references: what is missing there is linked when one of `from`
 * holds it, a child manifest with all that it references in turn.
 */
export async function adoptReferences(
  db: Transaction<Tables>,
  place: Place,
  manifest: Manifest,
  from: readonly Place[],
): Promise<Adoption> {
  const search: Search = { place, from, elsewhere: new Map(), missing: new Set() };
  const blobs = manifest.blobs.map((each) => each.digest);
  const manifests = manifest.manifests.map((each) => each.digest);
  await lookFor(db, search, { blobs, manifests });
  const missing = [...search.missing];
  if (missing.length > 0) return { adopted: [], missing };
  const contents = [...search.elsewhere.values()];
  for (const content of contents) await link(db, place, content);
  return { adopted: contents.map((each) => each.digest), missing };
}

async function lookFor(
  db: Transaction<Tables>,
  search: Search,
  { blobs, manifests }: References,
): Promise<void> {
  for (const digest of blobs) await isElsewhere(db, search, { table: 'held_blobs', digest });
  for (const digest of manifests) {
    // Only what was not held before can lack something.
    if (await isElsewhere(db, search, { table: 'held_manifests', digest }))
      await lookFor(db, search, await referencesOf(db, digest));
  }
}

/** True when the content is not held here but at one of the sources, and was not looked for before. */
async function isElsewhere(
  db: Transaction<Tables>,
  { place, from, elsewhere, missing }: Search,
  content: Content,
): Promise<boolean> {
  const key = `${content.table} ${content.digest}`;
  if (elsewhere.has(key) || (await holds(db, place, content))) return false;
  for (const source of from) {
    if (!(await holds(db, source, content))) continue;
    elsewhere.set(key, content);
    return true;
  }
  missing.add(content.digest);
  return false;
}

async function link(db: Transaction<Tables>, place: Place, { table, digest }: Content): Promise<void> {
  const now = Date.now();
  await (
    table === 'held_blobs'
      ? db.insertInto(table).values({ ...place, digest, linked_at: now, used_at: now })
      : db.insertInto(table).values({ ...place, digest, stored_at: now, used_at: now })
  ).execute();
}

async function holds(db: Transaction<Tables>, place: Place, { table, digest }: Content): Promise<boolean> {
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
