import type { Transaction } from 'kysely';
import type { Digest } from '../model/index.ts';
import type { Place } from './place.ts';
import type { Tables } from './tables.ts';

/** Takes a manifest away from `place` with its tags, and its content with the last one; false when it was not there. */
export async function dropManifest(db: Transaction<Tables>, place: Place, digest: Digest): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('held_manifests')
    .where('repository', '=', place.repository)
    .where('name', '=', place.name)
    .where('digest', '=', digest)
    .executeTakeFirstOrThrow();
  await db
    .deleteFrom('manifests')
    .where('digest', '=', digest)
    .where((where) =>
      where.not(
        where.exists(where.selectFrom('held_manifests').select('digest').where('digest', '=', digest)),
      ),
    )
    .execute();
  return numDeletedRows > 0n;
}
