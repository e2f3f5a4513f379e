import type { Digest, Manifest, Name, Page, PageOf, Reference, Referrer, Tag } from '../model/index.ts';
import type { Blocks } from './blocks.ts';
import type { Claims } from './claims.ts';
import type { Downloads } from './downloads.ts';
import type { Eviction } from './eviction.ts';
import type { Pins } from './pins.ts';
import type { Place } from './place.ts';
import type { Usage } from './usage.ts';

/** A manifest as it came, with what was read from it. */
export interface ManifestContent {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly manifest: Manifest;
}

/** A manifest found under a name. `bytes` are exactly those that were pushed or fetched. */
export interface HeldManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
  /** When a tag was last known to name this digest, in ms since 1970; the time of storing when asked by digest. */
  readonly confirmedAt: number;
}

/** A blob found under a name: its size in bytes, and when it was linked there, in ms since 1970. */
export interface HeldBlob {
  readonly size: number;
  readonly heldAt: number;
}

/** How a manifest is to be put. */
export interface ManifestPut extends ManifestContent {
  readonly place: Place;
  readonly tags: readonly Tag[];
  /**
   * `adopt`: every blob and child must be held at `place`, or at one of `from`, whence it is linked in the same
   * transaction. `trust`: references are recorded and not looked for (what a cache stores).
   */
  readonly references:
    { readonly check: 'adopt'; readonly from: readonly Place[] } | { readonly check: 'trust' };
  /** False for a tag that may not be moved from one digest to another. */
  readonly mayMove: (tag: Tag) => boolean;
}

/** What became of a put; nothing was stored unless `stored`. */
export type PutOutcome =
  | { readonly outcome: 'stored'; readonly adopted: readonly Digest[] }
  | { readonly outcome: 'missing'; readonly digests: readonly Digest[] }
  | { readonly outcome: 'immutable'; readonly tag: Tag };

/**
 * Which manifests, tags and blobs each name of each repository holds.
 * Every method is one transaction; a write has reached the disk when its promise fulfils.
 */
export interface Images {
  /** The manifest that `place` has under `reference`. */
  findManifest(place: Place, reference: Reference): Promise<HeldManifest | undefined>;
  /** Stores manifest, references, subject and tags together, or nothing. */
  putManifest(put: ManifestPut): Promise<PutOutcome>;
  /** Notes that an upstream still names `digest` by `tag` at this time. Need not survive a power cut. */
  confirmTag(place: Place, tag: Tag, digest: Digest): Promise<void>;
  /** Removes a manifest from `place` with all tags that name it; false when it was not there. */
  deleteManifest(place: Place, digest: Digest): Promise<boolean>;
  /** Removes one tag; false when it was not there. */
  deleteTag(place: Place, tag: Tag): Promise<boolean>;
  /** Tags in ASCII order; undefined when the name holds nothing at all. */
  listTags(place: Place, page: Page): Promise<PageOf<Tag> | undefined>;
  /** Names that hold at least one manifest, in ASCII order. */
  listNames(repository: string, page: Page): Promise<PageOf<Name>>;
  /** Every manifest at `place` whose subject is `subject`, by digest order. */
  listReferrers(place: Place, subject: Digest): Promise<readonly Referrer[]>;

  /**
   * Links a blob whose bytes are safely in the blob store to `place`; again is fine. Size in bytes. Pin the digest
   * before the bytes are committed there, else eviction of equal bytes may take them before they are linked.
   */
  linkBlob(place: Place, blob: { readonly digest: Digest; readonly size: number }): Promise<void>;
  /**
   * Links a blob that is known already, whoever holds it, and answers its size in bytes; undefined, and no link, when
   * there is none. Once linked its bytes stay.
   */
  linkKnown(place: Place, digest: Digest): Promise<number | undefined>;
  /** A blob that `place` may serve: linked there. */
  findBlob(place: Place, digest: Digest): Promise<HeldBlob | undefined>;
  /** A manifest held at `place` that references this digest, as blob or child. */
  findReferrerOf(
    place: Place,
    digest: Digest,
  ): Promise<Pick<HeldManifest, 'mediaType' | 'bytes'> | undefined>;
  /** The size of a blob whose bytes are in the blob store, whoever holds it. */
  blobSize(digest: Digest): Promise<number | undefined>;
  /** Bytes of all blobs together, each counted once. */
  blobBytes(): Promise<number>;
  /** The places, of those repositories, where a blob is linked. */
  placesOfBlob(digest: Digest, repositories: readonly string[]): Promise<readonly Place[]>;
  /** Takes a blob away from `place`; false when it was not there. The bytes stay until they are collected. */
  unlinkBlob(place: Place, digest: Digest): Promise<boolean>;
}

/** An open upload session. Times in ms since 1970. */
export interface Upload {
  readonly id: string;
  readonly place: Place;
  readonly startedAt: number;
}

/** Upload sessions; they need not survive a power cut, but every process must see them. */
export interface Uploads {
  start(upload: Upload): Promise<void>;
  find(id: string): Promise<Upload | undefined>;
  /**
   * Makes `by` the only one that may write to a session until a time; again by the same prolongs it. False while
   * another holds it, in whatever process, or when there is no such session.
   */
  claim(id: string, by: string, until: number): Promise<boolean>;
  /** Gives a claim back. */
  release(id: string, by: string): Promise<void>;
  /** Closes a session; false when it was not open. */
  end(id: string): Promise<boolean>;
  /** Sessions that were started before `time`. */
  startedBefore(time: number): Promise<readonly Upload[]>;
}

/** A user of the registry's own. */
export interface User {
  readonly name: string;
  /** bcrypt, `$2b$…`. */
  readonly passwordHash: string;
  readonly roles: readonly string[];
  readonly createdAt: number;
}

/** Users of the registry's own. */
export interface Users {
  find(name: string): Promise<User | undefined>;
  /** Adds a user; false, and no change, when the name is taken. */
  add(user: User): Promise<boolean>;
  /** Replaces a password; false when there is no such user. */
  setPassword(name: string, passwordHash: string): Promise<boolean>;
  remove(name: string): Promise<boolean>;
  /** By name. */
  list(): Promise<readonly User[]>;
}

/** A key that signs tokens, as a private JWK in JSON. */
export interface SigningKey {
  readonly id: string;
  readonly jwk: string;
  readonly createdAt: number;
}

/** Keys that sign tokens, shared by every gateway on the same data. */
export interface SigningKeys {
  /** Newest first. */
  list(): Promise<readonly SigningKey[]>;
  /** Adds `key` unless there is one already, and answers the newest: two processes that start at once agree. */
  addFirst(key: SigningKey): Promise<SigningKey>;
}

/** Upstream names that were definitely not there, remembered until a time in ms since 1970. */
export interface Absences {
  /** True while `reference` of `place` is remembered as absent at `now`. */
  has(place: Place, reference: string, now: number): Promise<boolean>;
  remember(place: Place, reference: string, until: number): Promise<void>;
  /** Forgets everything of these places. */
  forget(places: readonly Place[]): Promise<void>;
}

/** All that the engine remembers; blobs' bytes are elsewhere. Two processes may use one store at the same time. */
export interface Metadata {
  readonly images: Images;
  readonly uploads: Uploads;
  readonly users: Users;
  readonly keys: SigningKeys;
  readonly absences: Absences;
  readonly downloads: Downloads;
  readonly claims: Claims;
  readonly pins: Pins;
  readonly usage: Usage;
  readonly blocks: Blocks;
  readonly eviction: Eviction;
  /** Fulfils when a query is answered; rejects with the fault. */
  check(): Promise<void>;
  close(): Promise<void>;
}
