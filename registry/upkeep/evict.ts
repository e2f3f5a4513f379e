import { randomUUID } from 'node:crypto';
import type { BlobStore } from '../blobs/index.ts';
import type { Claims, Eviction, Surplus, TakenAway } from '../metadata/index.ts';
import type { Digest } from '../model/index.ts';

/** A proxy whose size or age is limited: bytes, and ms since something was last pulled. */
export interface LimitedCache {
  readonly repository: string;
  readonly maxSize: number | undefined;
  readonly maxUnused: number | undefined;
}

/** What was taken away from a cache; the bytes of what another repository holds too stay on the disk. */
export interface Evicted extends TakenAway {
  readonly repository: string;
}

/** What eviction works with. */
export interface EvictionParts {
  readonly eviction: Eviction;
  readonly claims: Claims;
  readonly blobs: Pick<BlobStore, 'remove'>;
  /** Told of each cache from which something was taken. */
  readonly onEvicted: (evicted: Evicted) => void;
  readonly onFault: (fault: unknown) => void;
}

/** A cache that is too large is made this part of its limit, so that the next blob does not make it too large again. */
const roomyPart = 0.9;
/** A process that ends in the middle keeps the others waiting for at most this, in ms. */
const claimTime = 60_000;
const orphansAtOnce = 100;

/**
 * Takes away from caches what is beyond their limits, the least recently pulled first, and then the bytes that nobody
 * holds any more. False, and nothing done, while another process is at it. Ends early on the signal.
 */
export async function evict(
  parts: EvictionParts,
  caches: readonly LimitedCache[],
  signal: AbortSignal,
): Promise<boolean> {
  const { claims, onFault } = parts;
  const by = randomUUID();
  const claim = (): Promise<boolean> => claims.claim('eviction', by, Date.now() + claimTime);
  if (!(await claim())) return false;
  // A claim that is lost, in a process that stood still, means at worst that too much is taken from a cache.
  const prolong = setInterval(() => void claim().catch(onFault), claimTime / 2).unref();
  try {
    for (const cache of caches) if (!signal.aborted) await relieve(parts, cache);
    await removeOrphans(parts, signal);
  } finally {
    clearInterval(prolong);
    await claims.release('eviction', by);
  }
  return true;
}

async function relieve(
  { eviction, onEvicted }: EvictionParts,
  { repository, maxSize, maxUnused }: LimitedCache,
): Promise<void> {
  const sum = { repository, blobs: 0, manifests: 0, bytes: 0 };
  const take = async (surplus: Surplus): Promise<void> => {
    const { blobs, manifests, bytes } = await eviction.evict(repository, surplus);
    sum.blobs += blobs;
    sum.manifests += manifests;
    sum.bytes += bytes;
  };
  if (maxUnused !== undefined) await take({ unusedSince: Date.now() - maxUnused });
  if (maxSize !== undefined && (await eviction.size(repository)) > maxSize)
    await take({ size: Math.floor(maxSize * roomyPart) });
  if (sum.blobs + sum.manifests > 0) onEvicted(sum);
}

/** Bytes that cannot be removed now are tried again the next time. */
async function removeOrphans(parts: EvictionParts, signal: AbortSignal): Promise<void> {
  let removed: number;
  do {
    removed = 0;
    for (const digest of await parts.eviction.orphans(orphansAtOnce))
      if (!signal.aborted && (await remove(parts, digest))) removed += 1;
  } while (removed > 0);
}

async function remove({ eviction, blobs, onFault }: EvictionParts, digest: Digest): Promise<boolean> {
  try {
    return await eviction.forget(digest, () => blobs.remove(digest));
  } catch (fault) {
    onFault(fault);
    return false;
  }
}
