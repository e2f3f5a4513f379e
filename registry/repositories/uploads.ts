import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { BlobStore } from '../blobs/index.ts';
import type { Images, Pins, Place, Upload, Uploads } from '../metadata/index.ts';
import { RegistryError, type ByteRange, type Digest, type DigestAlgorithm } from '../model/index.ts';
import { pinForCommit } from './pin-for-commit.ts';

/** A claim outlives its process by at most this, in ms; it is prolonged in half the time. */
const claimTime = 60_000;

/** A part of a blob on its way in. */
export interface Chunk {
  readonly body: Readable;
  /** Where the client says that this part belongs; undefined: at the end. */
  readonly range: ByteRange | undefined;
  /** The Content-Length, when there is one. */
  readonly length: number | undefined;
}

/** Upload sessions of the hosted repositories. OCI distribution-spec 1.1, "Pushing blobs". */
export class UploadSessions {
  readonly #blobs: BlobStore;
  readonly #images: Images;
  readonly #uploads: Uploads;
  readonly #pins: Pins;

  constructor(stores: { blobs: BlobStore; images: Images; uploads: Uploads; pins: Pins }) {
    this.#blobs = stores.blobs;
    this.#images = stores.images;
    this.#uploads = stores.uploads;
    this.#pins = stores.pins;
  }

  /** Opens a session and answers its id. */
  async start(place: Place): Promise<string> {
    const id = randomUUID();
    await this.#blobs.incoming.create(id);
    await this.#uploads.start({ id, place, startedAt: Date.now() });
    return id;
  }

  /** Bytes received so far. Throws `blobUploadUnknown`. */
  async size(place: Place, id: string): Promise<number> {
    await this.#find(place, id);
    return this.#sizeOf(id);
  }

  /** Appends a chunk and answers the size so far. Throws `blobUploadUnknown`, `blobUploadOutOfOrder`, `sizeInvalid`. */
  async append(place: Place, id: string, chunk: Chunk, algorithm: DigestAlgorithm): Promise<number> {
    await this.#find(place, id);
    return this.#claimed(id, () => this.#write(id, chunk, algorithm));
  }

  /** Appends the last chunk, which may be empty, and makes it all a blob of `place`. Throws `digestInvalid` too. */
  async finish(place: Place, id: string, chunk: Chunk, digest: Digest): Promise<void> {
    await this.#find(place, id);
    await this.#claimed(id, async () => {
      await this.#write(id, chunk, digest.startsWith('sha512:') ? 'sha512' : 'sha256');
      try {
        await pinForCommit(this.#pins, digest);
        const size = await this.#blobs.incoming.commit(id, digest);
        // Bytes first, row last: a crash here leaves bytes that nobody names.
        await this.#images.linkBlob(place, { digest, size });
      } finally {
        if ((await this.#blobs.incoming.size(id)) === undefined) await this.#uploads.end(id);
      }
    });
  }

  /** Ends a session and drops its bytes. Throws `blobUploadUnknown`. */
  async cancel(place: Place, id: string): Promise<void> {
    await this.#find(place, id);
    await this.#uploads.end(id);
    await this.#blobs.incoming.drop(id);
  }

  /** Drops sessions of which nothing was heard for `idle` ms; answers how many. */
  async expire(idle: number): Promise<number> {
    const before = Date.now() - idle;
    const ids = await this.#blobs.incoming.idleSince(before);
    for (const id of ids) {
      await this.#uploads.end(id);
      await this.#blobs.incoming.drop(id);
    }
    // A process that ended between commit and row, or a lost file, leaves a session without bytes.
    for (const { id } of await this.#uploads.startedBefore(before)) {
      if ((await this.#blobs.incoming.size(id)) === undefined) await this.#uploads.end(id);
    }
    return ids.length;
  }

  async #find(place: Place, id: string): Promise<Upload> {
    const upload = await this.#uploads.find(id);
    if (upload?.place.repository === place.repository && upload.place.name === place.name) return upload;
    throw new RegistryError('blobUploadUnknown');
  }

  async #sizeOf(id: string): Promise<number> {
    const size = await this.#blobs.incoming.size(id);
    if (size === undefined) throw new RegistryError('blobUploadUnknown');
    return size;
  }

  async #write(id: string, { body, range, length }: Chunk, algorithm: DigestAlgorithm): Promise<number> {
    const size = await this.#sizeOf(id);
    if (range && range.first !== size) {
      throw new RegistryError('blobUploadOutOfOrder', { detail: { expected: size, found: range.first } });
    }
    if (range && length !== undefined && length !== range.last - range.first + 1)
      throw new RegistryError('sizeInvalid');
    if (length === 0) return size;
    const grown = await this.#blobs.incoming.append(id, body, { algorithm });
    if (range && grown !== range.last + 1) throw new RegistryError('sizeInvalid');
    return grown;
  }

  /** Runs `work` as the only writer of a session, in this process and every other. */
  async #claimed<T>(id: string, work: () => Promise<T>): Promise<T> {
    const by = randomUUID();
    if (!(await this.#uploads.claim(id, by, Date.now() + claimTime))) {
      throw new RegistryError('blobUploadInvalid', { message: 'another request is writing to this upload' });
    }
    const prolong = setInterval(() => {
      // A failure shows when the claim is used; here there is nobody to tell.
      this.#uploads.claim(id, by, Date.now() + claimTime).catch(() => undefined);
    }, claimTime / 2);
    try {
      const outcome = await work();
      await this.#uploads.release(id, by);
      return outcome;
    } catch (fault) {
      if (fault instanceof RegistryError && fault.kind === 'storageFull') await this.#giveUp(id);
      // What went wrong first says more; a claim that cannot be given back runs out by itself.
      await this.#uploads.release(id, by).catch(() => undefined);
      throw fault;
    } finally {
      clearInterval(prolong);
    }
  }

  /** Few clients come back for the rest of an upload, and until it expires its bytes would keep the disk full. */
  async #giveUp(id: string): Promise<void> {
    await this.#blobs.incoming.drop(id);
    // Without room for this either, the session is found without bytes when it expires.
    await this.#uploads.end(id).catch(() => undefined);
  }
}
