import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** So many blobs are looked at in some 4 ms, during which a database within the process serves nobody else. */
const sliceLength = 2000;

/** A stretch of the digests: greater than `after`, at most `upTo`. */
export interface Slice {
  readonly after: string;
  readonly upTo: string;
}

/** All blobs in digest order, a stretch at a time; others get their turn in between. */
export async function* slicesOfBlobs(db: Kysely<Tables>): AsyncGenerator<Slice> {
  for (let after = ''; ;) {
    const slice = db
      .selectFrom('blobs')
      .select('digest')
      .where('digest', '>', after)
      .orderBy('digest')
      .limit(sliceLength)
      .as('slice');
    const { upTo } = await db
      .selectFrom(slice)
      .select(({ fn }) => fn.max<string | null>('digest').as('upTo'))
      .executeTakeFirstOrThrow();
    if (upTo === null) return;
    yield { after, upTo };
    after = upTo;
    await nextTurn();
  }
}
