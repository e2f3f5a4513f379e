import type { Transaction } from 'kysely';
import type { Databases } from './databases.ts';
import type { Tables } from './tables.ts';
import type { Pull, Usage } from './usage.ts';

/**
 * How exact times of use are, in ms. What is pulled all the time is written down once in so long: a write makes every
 * process forget the answers that it remembers, and a transaction that changes no row is none.
 */
const exactness = 60_000;

/** Usage in SQL. */
export function sqlUsage(db: Databases): Usage {
  return {
    pulled: (pulls, at) =>
      db.note.transaction().execute(async (transaction) => {
        for (const pull of pulls) await note(transaction, pull, at);
      }),
  };
}

async function note(db: Transaction<Tables>, { place, digest }: Pull, at: number): Promise<void> {
  const before = at - exactness;
  await db
    .updateTable('held_blobs')
    .set({ used_at: at })
    .where('repository', '=', place.repository)
    .where('name', '=', place.name)
    .where('digest', '=', digest)
    .where('used_at', '<=', before)
    .execute();
  await db
    .updateTable('held_manifests')
    .set({ used_at: at })
    .where('repository', '=', place.repository)
    .where('name', '=', place.name)
    .where('digest', '=', digest)
    .where('used_at', '<=', before)
    .execute();
  // A manifest that was fetched a moment ago has used layers that were here for long, so this does not wait for the above.
  await db
    .updateTable('held_blobs')
    .set({ used_at: at })
    .where('repository', '=', place.repository)
    .where('used_at', '<=', before)
    .where('digest', 'in', (references) =>
      references
        .selectFrom('manifest_references')
        .innerJoin('held_manifests', 'held_manifests.digest', 'manifest')
        .select('manifest_references.digest')
        .where('manifest', '=', digest)
        .where('repository', '=', place.repository)
        .where('name', '=', place.name),
    )
    .execute();
}
