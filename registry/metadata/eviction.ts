import type { Digest } from '../model/index.ts';

/** What is to be taken away: what is beyond a size in bytes, or what was not used since a time in ms since 1970. */
export type Surplus = { readonly size: number } | { readonly unusedSince: number };

/** How much was taken away; `bytes` are those of the blobs. */
export interface TakenAway {
  readonly blobs: number;
  readonly manifests: number;
  readonly bytes: number;
}

/**
 * Takes away what caches hold and nobody needs. Use of a blob is the latest of: when it was linked anywhere in the
 * repository, when it was pulled there, and when a manifest that references it was, itself or through an index.
 * What is pinned stays.
 */
export interface Eviction {
  /** Bytes of the blobs that a repository holds, each counted once. */
  size(repository: string): Promise<number>;
  /**
   * Takes links of blobs away, those that were used least recently first, and tags and manifests of which nothing was
   * heard since `unusedSince`; a size takes no manifest. Two at once for one size take too much: claim before.
   */
  evict(repository: string, surplus: Surplus): Promise<TakenAway>;
  /** At most `limit` blobs whose bytes are here and that nobody holds, has pinned or downloads. */
  orphans(limit: number): Promise<readonly Digest[]>;
  /**
   * Forgets an orphan, and then removes its bytes, during which nothing can be pinned or linked; `remove` must do
   * nothing when they are gone already, and must not use the metadata. False, and nothing removed, when it is no orphan
   * after all. After a crash, or when `remove` throws, which is passed on, it is an orphan again.
   */
  forget(digest: Digest, remove: () => Promise<void>): Promise<boolean>;
}
