import type { Transaction } from 'kysely';
import type { Digest } from '../model/index.ts';
import { isUnwanted } from './sql-unprotected.ts';
import type { Tables } from './tables.ts';

/**
 * The first of two steps in which a blob goes: nobody can link it any more, while its bytes are still here. This must
 * have reached the disk before the bytes go, else a power cut brings the row back without them.
 */
export async function startLeaving(db: Transaction<Tables>, digest: Digest): Promise<void> {
  const { numDeletedRows } = await db
    .deleteFrom('blobs')
    .where('digest', '=', digest)
    .where(isUnwanted('blobs.digest'))
    .executeTakeFirstOrThrow();
  if (numDeletedRows > 0n) await db.insertInto('leaving').values({ digest }).execute();
}

/**
 * The second step: removes the bytes, unless somebody has brought them anew meanwhile, or is about to. Whoever pins the
 * digest waits for the end of this transaction, so what is brought under a pin comes after the removal.
 */
export async function removeLeaving(
  db: Transaction<Tables>,
  digest: Digest,
  remove: () => Promise<void>,
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('leaving')
    .where('digest', '=', digest)
    .where(isUnwanted('leaving.digest'))
    .executeTakeFirstOrThrow();
  if (numDeletedRows === 0n) return false;
  await remove();
  return true;
}
