import type { BlobReader } from '../blobs/index.ts';
import type { HeldManifest, Place } from '../metadata/index.ts';
import type { Digest, Name, Page, PageOf, Reference, Referrer, Tag } from '../model/index.ts';

/** How far to go for an answer: `local` never contacts an upstream. */
export type Reach = 'anywhere' | 'local';

/** Where an answer came from. */
export interface Source {
  /** The hosted or proxy repository that answered. */
  readonly member: string;
  /** Seconds since an upstream last confirmed it; undefined for what was pushed here. */
  readonly age: number | undefined;
  /** Set when the upstream could not be asked and an old copy is served instead: why. */
  readonly stale?: string;
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

/**
 * A repository that images are read from: hosted, proxy or group. `undefined` means a definite "not here"; what could
 * not be found out is thrown as `UpstreamFailure` or `RegistryError`. Reading takes `x` and `library/x` for the same.
 */
export interface ReadableRepository {
  readonly repository: string;
  findManifest(name: Name, reference: Reference, reach: Reach): Promise<FoundManifest | undefined>;
  findBlob(name: Name, digest: Digest, reach: Reach): Promise<FoundBlob | undefined>;
  openBlob(name: Name, digest: Digest, reach: Reach): Promise<OpenedBlob | undefined>;
  /** Tags that are held here; undefined for a name that holds nothing. */
  listTags(name: Name, page: Page): Promise<PageOf<Tag> | undefined>;
  /** Names that hold a manifest here. */
  listNames(page: Page): Promise<PageOf<Name>>;
  /**
   * What refers to `subject`, each once, in digest order: held here, listed under its referrers tag, or listed by an
   * upstream. An upstream that does not answer is no fault. OCI distribution-spec 1.1, "Listing Referrers".
   */
  listReferrers(name: Name, subject: Digest, reach: Reach): Promise<readonly Referrer[]>;
  /** Where content of this name can be held, in the order of reading. */
  placesOf(name: Name): readonly Place[];
  /** The hosted and proxy repositories that are read, itself or its members. */
  readonly holders: readonly string[];
}
