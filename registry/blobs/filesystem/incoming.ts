import { createHash, type Hash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  algorithmOf,
  digestFrom,
  RegistryError,
  type Digest,
  type DigestAlgorithm,
} from '../../model/index.ts';
import type { Append, BlobReader, IncomingBlobs } from '../blob-store.ts';
import { explain, isMissing } from './faults.ts';
import { openFile } from './file-reader.ts';
import { HashingWriter } from './hashing-writer.ts';
import { isId, type Layout, type Modes } from './layout.ts';

/** A hash that has seen the first `size` bytes of a file; lets a commit do without reading them again. */
interface RunningHash {
  readonly algorithm: DigestAlgorithm;
  readonly hash: Hash;
  readonly size: number;
}

/** Bytes on their way into a folder of the file system. */
export class FilesystemIncoming implements IncomingBlobs {
  readonly #layout: Layout;
  readonly #modes: Modes;
  /** Only spares work: without an entry, or with one for another size, the file is read. */
  readonly #running = new Map<string, RunningHash>();
  /** Folders that survive a power cut. One that somebody else has just made may not yet, although it is there. */
  readonly #lasting = new Set<string>();

  constructor(layout: Layout, modes: Modes) {
    this.#layout = layout;
    this.#modes = modes;
  }

  async create(id: string): Promise<void> {
    try {
      await (await open(this.#layout.arriving(id), 'wx', this.#modes.file)).close();
    } catch (fault) {
      throw explain(fault);
    }
  }

  async size(id: string): Promise<number | undefined> {
    try {
      return (await stat(this.#layout.arriving(id))).size;
    } catch (fault) {
      if (isMissing(fault)) return undefined;
      throw fault;
    }
  }

  async append(id: string, body: Readable, { algorithm, signal, onGrowth }: Append): Promise<number> {
    const file = await openKnown(this.#layout.arriving(id));
    try {
      const { size } = await file.stat();
      const hash = await this.#hashOfFirst(file, id, size, algorithm);
      await pipeline(body, new HashingWriter(file, size, hash, onGrowth), { ...(signal && { signal }) });
      const grown = await this.size(id);
      if (grown === undefined) throw new RegistryError('blobUploadUnknown');
      this.#running.set(id, { algorithm, hash, size: grown });
      return grown;
    } catch (fault) {
      throw signal?.aborted ? signal.reason : explain(fault);
    } finally {
      await file.close();
    }
  }

  open(id: string): Promise<BlobReader | undefined> {
    return openFile(this.#layout.arriving(id));
  }

  async commit(id: string, digest: Digest): Promise<number> {
    const path = this.#layout.arriving(id);
    const file = await openKnown(path);
    try {
      const { size } = await file.stat();
      const hash = await this.#hashOfFirst(file, id, size, algorithmOf(digest));
      const found = digestFrom(algorithmOf(digest), hash.digest('hex'));
      if (found !== digest) {
        await this.drop(id);
        throw new RegistryError('digestInvalid', { detail: { expected: digest, found, size } });
      }
      await file.sync();
      const target = this.#layout.blob(digest);
      await this.#makeFolder(dirname(target));
      // Equal bytes may be there already; putting these in their place is atomic and heals a damaged file.
      await rename(path, target).catch(unknownWhenMissing);
      await syncFolder(dirname(target));
      return size;
    } catch (fault) {
      throw explain(fault);
    } finally {
      this.#running.delete(id);
      await file.close();
    }
  }

  async drop(id: string): Promise<void> {
    this.#running.delete(id);
    await rm(this.#layout.arriving(id), { force: true });
  }

  async idleSince(time: number): Promise<readonly string[]> {
    const idle: string[] = [];
    for (const id of (await readdir(this.#layout.incoming)).filter(isId)) {
      const facts = await stat(this.#layout.arriving(id)).catch(() => undefined);
      if (facts?.isFile() && facts.mtimeMs < time) idle.push(id);
    }
    return idle;
  }

  /** Makes a folder of the store and its parents, so that they survive a power cut. */
  async #makeFolder(path: string): Promise<void> {
    const made = await mkdir(path, { recursive: true, mode: this.#modes.folder });
    if (made === undefined && this.#lasting.has(path)) return;
    for (let each = path; each.length > this.#layout.root.length; each = dirname(each))
      await syncFolder(dirname(each));
    this.#lasting.add(path);
  }

  /** A hash of the first `size` bytes, taken out of the memory of running ones if it is there. */
  async #hashOfFirst(file: FileHandle, id: string, size: number, algorithm: DigestAlgorithm): Promise<Hash> {
    const running = this.#running.get(id);
    this.#running.delete(id);
    if (running?.algorithm === algorithm && running.size === size) return running.hash;
    const hash = createHash(algorithm);
    const piece = Buffer.allocUnsafeSlow(1024 * 1024);
    for (let position = 0; position < size;) {
      const { bytesRead } = await file.read(piece, 0, Math.min(piece.byteLength, size - position), position);
      if (bytesRead === 0) throw new Error(`${id} became shorter while it was read`);
      hash.update(piece.subarray(0, bytesRead));
      position += bytesRead;
    }
    return hash;
  }
}

/** Opens what is on its way in; throws `blobUploadUnknown` when it is not, or no longer. */
function openKnown(path: string): Promise<FileHandle> {
  return open(path, 'r+').catch(unknownWhenMissing);
}

function unknownWhenMissing(fault: unknown): never {
  throw isMissing(fault) ? new RegistryError('blobUploadUnknown', { cause: fault }) : fault;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
