import type { Readable } from 'node:stream';
import type { Digest, DigestAlgorithm } from '../model/index.ts';

/** Reads stored bytes at any position. `close` must be called exactly once. */
export interface BlobReader {
  /** In bytes. */
  readonly size: number;
  /**
   * The file below the store's folder that has these bytes and no others, with slashes, for others who can read it
   * there; undefined when there is none. It may be gone any time, as the blob may.
   */
  readonly file?: string | undefined;
  /** Fills `into` from `position` on as far as there are bytes; answers how many, 0 only at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** How bytes are appended. */
export interface Append {
  /** The algorithm that the digest at the end will most likely have; another one costs a second reading. */
  readonly algorithm: DigestAlgorithm;
  /** Ends the writing with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called with the size so far whenever more can be read back; makes the store write early instead of in large pieces. */
  readonly onGrowth?: (size: number) => void;
}

/**
 * Bytes on their way in, by an id that the caller chose: letters, digits and hyphens, at most 64; anything else is a
 * fault. One writer at a time: the caller sees to that. Until `commit` nothing here is a blob.
 */
export interface IncomingBlobs {
  /** Throws when the id is taken, and `storageFull`. */
  create(id: string): Promise<void>;
  /** Bytes so far; undefined when there is no such id. */
  size(id: string): Promise<number | undefined>;
  /**
   * Appends `body` and answers the new size. When the body breaks off, what came of it stays and its error is thrown.
   * Throws `storageFull` when there is no room, `blobUploadUnknown` for an unknown id.
   */
  append(id: string, body: Readable, how: Append): Promise<number>;
  /** Reads what was written so far, while more may follow; `size` is that at the time of opening. */
  open(id: string): Promise<BlobReader | undefined>;
  /**
   * Makes the bytes the blob `digest` and answers its size; on return they survive a power cut and `id` is gone.
   * Throws `digestInvalid` when the bytes are others, and then drops them; `blobUploadUnknown` for an unknown id, also
   * when it was dropped meanwhile. Idempotent among equal blobs.
   */
  commit(id: string, digest: Digest): Promise<number>;
  /** Drops the bytes; nothing happens when there are none. */
  drop(id: string): Promise<void>;
  /** Ids of which nothing was written since `time` (ms since 1970). */
  idleSince(time: number): Promise<readonly string[]>;
}

/** Blobs by digest. Knows nothing of names: who may read what is the caller's business. */
export interface BlobStore {
  readonly incoming: IncomingBlobs;
  /** Opens a blob; undefined when its bytes are not here. */
  open(digest: Digest): Promise<BlobReader | undefined>;
  /**
   * Removes a blob, which is quick; its room may become free a little later. Nothing happens when it is not here.
   * Who has it open goes on reading.
   */
  remove(digest: Digest): Promise<void>;
  /** Fulfils when a byte can be written and read; rejects with the fault. */
  check(): Promise<void>;
}
