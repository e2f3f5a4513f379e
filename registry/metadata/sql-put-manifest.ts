import type { Transaction } from 'kysely';
import type { Digest } from '../model/index.ts';
import { adoptReferences } from './sql-adopt.ts';
import type { ManifestPut, PutOutcome } from './metadata.ts';
import type { Tables } from './tables.ts';

/** Stores a manifest with all that hangs on it, inside a transaction that the caller commits. */
export async function putManifest(db: Transaction<Tables>, put: ManifestPut): Promise<PutOutcome> {
  const frozen = await findFrozenTag(db, put);
  if (frozen !== undefined) return { outcome: 'immutable', tag: frozen };
  let adopted: readonly Digest[] = [];
  if (put.references.check === 'adopt') {
    const found = await adoptReferences(db, put.place, put.manifest, put.references.from);
    if (found.missing.length > 0) return { outcome: 'missing', digests: found.missing };
    adopted = found.adopted;
  }
  await storeContent(db, put);
  await hold(db, put);
  return { outcome: 'stored', adopted };
}

/** A tag that exists, names something else and may not be moved. Putting the same digest again changes nothing (T17). */
async function findFrozenTag(db: Transaction<Tables>, { place, tags, digest, mayMove }: ManifestPut) {
  for (const tag of tags) {
    if (mayMove(tag)) continue;
    const row = await db
      .selectFrom('tags')
      .select('digest')
      .where('repository', '=', place.repository)
      .where('name', '=', place.name)
      .where('tag', '=', tag)
      .executeTakeFirst();
    if (row && row.digest !== digest) return tag;
  }
  return undefined;
}

async function storeContent(
  db: Transaction<Tables>,
  { digest, bytes, manifest }: ManifestPut,
): Promise<void> {
  await db
    .insertInto('manifests')
    .values({
      digest,
      bytes,
      media_type: manifest.mediaType,
      artifact_type: manifest.artifactType ?? null,
      subject: manifest.subject?.digest ?? null,
      annotations: JSON.stringify(manifest.annotations),
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const references = [
    ...manifest.blobs.map((each) => ({ manifest: digest, digest: each.digest, kind: 'blob' as const })),
    ...manifest.manifests.map((each) => ({
      manifest: digest,
      digest: each.digest,
      kind: 'manifest' as const,
    })),
  ];
  for (const reference of references) {
    await db
      .insertInto('manifest_references')
      .values(reference)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

async function hold(db: Transaction<Tables>, { place, digest, tags }: ManifestPut): Promise<void> {
  const now = Date.now();
  await db
    .insertInto('held_manifests')
    .values({ ...place, digest, stored_at: now, used_at: now })
    .onConflict((conflict) =>
      conflict.columns(['repository', 'name', 'digest']).doUpdateSet({ used_at: now }),
    )
    .execute();
  for (const tag of tags) {
    await db
      .insertInto('tags')
      .values({ ...place, tag, digest, changed_at: now, confirmed_at: now })
      .onConflict((conflict) =>
        conflict
          .columns(['repository', 'name', 'tag'])
          .doUpdateSet({ digest, changed_at: now, confirmed_at: now }),
      )
      .execute();
  }
}
