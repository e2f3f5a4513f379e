import { Readable } from 'node:stream';
import type { BlobReader } from './blobs/index.ts';
import { RegistryError, type Digest, type Name } from './model/index.ts';
import {
  HostedRepository,
  type ReadableRepository,
  type Reach,
  type Repositories,
  type UploadSessions,
} from './repositories/index.ts';

/** The bytes of a manifest with their type. */
export interface ManifestBytes {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/**
 * What a repository holds, for whoever carries content between it and a registry of somebody else. Nobody's rights are
 * looked at: that is done before. Undefined is a definite no.
 */
export interface RepositoryContent {
  findBlob(name: Name, digest: Digest, reach: Reach): Promise<{ readonly size: number } | undefined>;
  /** The stream must be read or destroyed. */
  openBlob(name: Name, digest: Digest, reach: Reach): Promise<Readable | undefined>;
  findManifest(name: Name, digest: Digest, reach: Reach): Promise<ManifestBytes | undefined>;
  /** Stores a blob; throws `digestInvalid`, `storageFull`, and what the stream breaks off with. Hosted only. */
  putBlob(name: Name, digest: Digest, body: Readable): Promise<void>;
  /** Throws `manifestBlobUnknown`, and what its deployment policy says. Hosted only. */
  putManifest(name: Name, digest: Digest, manifest: ManifestBytes): Promise<void>;
}

/** The content of a repository. Throws when there is none of that name. */
export function contentOf(
  repositories: Repositories,
  uploads: UploadSessions,
  repository: string,
): RepositoryContent {
  const found = repositories.get(repository);
  if (!found) throw new Error(`there is no repository ${repository}`);
  const hosted = (): HostedRepository => {
    if (found instanceof HostedRepository) return found;
    throw new RegistryError('unsupported', { message: `${repository} is read-only` });
  };
  return {
    findBlob: (name, digest, reach) => found.findBlob(name, digest, reach),
    openBlob: (name, digest, reach) => openBlob(found, name, digest, reach),
    findManifest: (name, digest, reach) => found.findManifest(name, { digest }, reach),
    async putBlob(name, digest, body) {
      hosted().refuseUnlessWritable();
      const place = { repository, name };
      const id = await uploads.start(place);
      try {
        await uploads.finish(place, id, { body, range: undefined, length: undefined }, digest);
      } catch (fault) {
        // What came of it is of no use to anybody; without this it would stay until it expires.
        await uploads.cancel(place, id).catch(() => undefined);
        throw fault;
      }
    },
    async putManifest(name, digest, { mediaType, bytes }) {
      const own = hosted();
      const reference = { digest };
      const seenWith = own.placesOf(name);
      const pushed = { name, reference, tags: [], bytes, contentType: mediaType, seenWith, adoptFrom: [] };
      await own.putManifest(pushed);
    },
  };
}

async function openBlob(
  repository: ReadableRepository,
  name: Name,
  digest: Digest,
  reach: Reach,
): Promise<Readable | undefined> {
  const opened = await repository.openBlob(name, digest, reach);
  return opened && new BlobStream(opened.reader);
}

const pieceSize = 1024 * 1024;

/** Not a generator: one that nobody has begun to read cannot close its file. */
class BlobStream extends Readable {
  readonly #reader: BlobReader;
  #position = 0;

  constructor(reader: BlobReader) {
    super({ highWaterMark: 1 });
    this.#reader = reader;
  }

  override _read(): void {
    this.#next().then(
      (piece) => this.push(piece),
      (fault: unknown) => this.destroy(fault as Error),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#reader.close().then(
      () => {
        done(error);
      },
      (fault: unknown) => {
        done(error ?? (fault as Error));
      },
    );
  }

  async #next(): Promise<Buffer | null> {
    const left = this.#reader.size - this.#position;
    if (left === 0) return null;
    // A new one each time: whoever has the one before may still be sending it.
    const buffer = Buffer.allocUnsafe(Math.min(pieceSize, left));
    const count = await this.#reader.read(buffer, this.#position);
    if (count === 0) throw new Error('a blob ended before its size');
    this.#position += count;
    return buffer.subarray(0, count);
  }
}
