import { RegistryError } from '../model/index.ts';
import type { BlobStore } from './blob-store.ts';

/** How long a sum is good, in ms: it reads a row for every blob, and pushes come in bursts. */
const goodFor = 5_000;

/** A limit on what a store may hold, and who knows how much that is; both in bytes. */
export interface Quota {
  readonly limit: number;
  readonly used: () => Promise<number>;
}

/**
 * A store that begins nothing new once its blobs have reached the limit; what has begun may end, so it can be passed
 * by what is under way at the time. Refuses with `storageFull`.
 */
export function withQuota(store: BlobStore, { limit, used }: Quota): BlobStore {
  let known: { readonly sum: number; readonly until: number } | undefined;

  async function checkRoom(): Promise<void> {
    const now = Date.now();
    if (!known || known.until < now || known.sum >= limit)
      known = { sum: await used(), until: now + goodFor };
    if (known.sum < limit) return;
    throw new RegistryError('storageFull', {
      message: `the blob store has reached its quota of ${limit} bytes: raise it in the configuration`,
    });
  }

  const { incoming } = store;
  return {
    open: (digest) => store.open(digest),
    remove: (digest) => store.remove(digest),
    check: () => store.check(),
    incoming: {
      async create(id) {
        await checkRoom();
        await incoming.create(id);
      },
      size: (id) => incoming.size(id),
      append: (id, body, how) => incoming.append(id, body, how),
      open: (id) => incoming.open(id),
      commit: (id, digest) => incoming.commit(id, digest),
      drop: (id) => incoming.drop(id),
      idleSince: (time) => incoming.idleSince(time),
    },
  };
}
