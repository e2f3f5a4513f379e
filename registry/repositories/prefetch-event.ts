import type { Digest } from '../model/index.ts';

/** What was found, which is `held` when it was here before; `size` in bytes. */
interface Fetched {
  readonly kind: 'manifest' | 'blob';
  readonly digest: Digest;
  readonly size: number;
  readonly held: boolean;
}

/** How far a blob is: `bytes` of `size`. */
interface Progress {
  readonly kind: 'progress';
  readonly digest: Digest;
  readonly bytes: number;
  readonly size: number;
}

/** A layer that need not be in a registry, and is not in this one. */
interface Skipped {
  readonly kind: 'skipped';
  readonly digest: Digest;
  readonly reason: string;
}

/** An image is here: how many blobs were fetched, their bytes, and how many blobs were `held` before. */
interface Done {
  readonly kind: 'done';
  readonly blobs: number;
  readonly bytes: number;
  readonly held: number;
}

/** An image is not here whole; `reason` in words for people. */
interface Failed {
  readonly kind: 'failed';
  readonly reason: string;
}

/** A step of prefetching `image`, `name:tag` or `name@digest`. Each image ends with `done` or `failed`. */
export type PrefetchEvent = { readonly image: string } & (Fetched | Progress | Skipped | Done | Failed);
