import type { BlobReader } from '../blobs/index.ts';
import type { HeldManifest, Place } from '../metadata/index.ts';
import type { Digest, Name, Page, PageOf, Reference, Referrer, Tag } from '../model/index.ts';
import type { SearchHit } from '../upstream/index.ts';
import type { MemberAnswer } from './explain.ts';

/** How far to go for an answer: `local` never contacts an upstream. */
export type Reach = 'anywhere' | 'local';

/** Where an answer came from. */
export interface Source {
  /** The hosted or proxy repository that answered. */
  readonly member: string;
  /** Pushed here, kept from an upstream, or asked of it just now. */
  readonly from: 'hosted' | 'cache' | 'upstream';
  /** Seconds since an upstream last confirmed it; undefined for what was pushed here. */
  readonly age: number | undefined;
  /** Set when the upstream could not be asked and an old copy is served instead: why. */
  readonly stale?: string;
  /** Those that were asked before and did not have it, in order. */
  readonly passed?: readonly string[];
}

/** A manifest and where it came from. */
export interface FoundManifest extends HeldManifest, Source {}

/** A blob that is there; `size` in bytes. */
export interface FoundBlob extends Source {
  readonly size: number;
}

/** A blob opened for reading; the reader must be closed exactly once. */
export interface OpenedBlob extends Source {
  readonly reader: BlobReader;
}

/** Tags; `incomplete`: why those of an upstream may be missing or out of date. */
export interface ListedTags extends PageOf<Tag> {
  readonly incomplete?: string;
}

/**
 * A repository that images are read from: hosted, proxy or group. `undefined` means a definite "not here"; what could
 * not be found out is thrown as `UpstreamFailure` or `RegistryError`. Reading takes `x` and `library/x` for the same.
 */
export interface ReadableRepository {
  readonly repository: string;
  findManifest(name: Name, reference: Reference, reach: Reach): Promise<FoundManifest | undefined>;
  findBlob(name: Name, digest: Digest, reach: Reach): Promise<FoundBlob | undefined>;
  openBlob(name: Name, digest: Digest, reach: Reach): Promise<OpenedBlob | undefined>;
  /** Tags that are held here, and an upstream's where it is configured so; undefined for a name that has nothing. */
  listTags(name: Name, page: Page, reach: Reach): Promise<ListedTags | undefined>;
  /** Names that hold a manifest here. */
  listNames(page: Page): Promise<PageOf<Name>>;
  /**
   * What refers to `subject`, each once, in digest order: held here, listed under its referrers tag, or listed by an
   * upstream. An upstream that does not answer is no fault. OCI distribution-spec 1.1, "Listing Referrers".
   */
  listReferrers(name: Name, subject: Digest, reach: Reach): Promise<readonly Referrer[]>;
  /** What the indexes of upstreams find, by names that can be pulled here; an index that does not answer is no fault. */
  searchUpstreams(query: string, size: number): Promise<readonly SearchHit[]>;
  /** What each hosted and proxy repository answers for an image, in order; changes nothing and fetches no content. */
  explain(name: Name, reference: Reference): Promise<readonly MemberAnswer[]>;
  /**
   * The same repository as far as it concerns the registry `namespace`: only that upstream, and what was pushed here;
   * undefined when no upstream here is known by that name (trap T20).
   */
  within(namespace: string): ReadableRepository | undefined;
  /** Where content of this name can be held, in the order of reading. */
  placesOf(name: Name): readonly Place[];
  /** The hosted and proxy repositories that are read, itself or its members. */
  readonly holders: readonly string[];
}
