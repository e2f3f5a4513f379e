import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import type { Digest } from '../../model/index.ts';
import type { BlobReader, BlobStore, IncomingBlobs } from '../blob-store.ts';
import { isMissing } from './faults.ts';
import { openFile } from './file-reader.ts';
import { FilesystemIncoming } from './incoming.ts';
import { layoutBelow, modesFor, type Layout, type Readers } from './layout.ts';

/** How a store in a folder is kept. */
export interface FilesystemOptions {
  /** Who may read what is made from now on; `owner` when left out. */
  readonly readers?: Readers;
}

/** Opens, and makes if need be, a blob store in a folder. Throws when the folder cannot be used. */
export async function openFilesystem(
  root: string,
  { readers = 'owner' }: FilesystemOptions = {},
): Promise<BlobStore> {
  const layout = layoutBelow(root);
  const modes = modesFor(readers);
  await mkdir(layout.incoming, { recursive: true, mode: modes.folder });
  return new FilesystemBlobs(layout, new FilesystemIncoming(layout, modes));
}

class FilesystemBlobs implements BlobStore {
  readonly incoming: IncomingBlobs;
  readonly #layout: Layout;

  constructor(layout: Layout, incoming: IncomingBlobs) {
    this.#layout = layout;
    this.incoming = incoming;
  }

  open(digest: Digest): Promise<BlobReader | undefined> {
    return openFile(this.#layout.blob(digest), this.#layout.name(digest));
  }

  async remove(digest: Digest): Promise<void> {
    // To free the room of a large file takes seconds, while whoever removes it may keep others waiting.
    const aside = this.#layout.arriving(`removed-${randomUUID()}`);
    try {
      await rename(this.#layout.blob(digest), aside);
    } catch (fault) {
      if (isMissing(fault)) return;
      throw fault;
    }
    // What is left by a process that ends, or by a fault, is swept with what never became a blob.
    rm(aside, { force: true }).catch(() => undefined);
  }

  async check(): Promise<void> {
    const probe = this.#layout.arriving(`probe-${randomUUID()}`);
    try {
      await writeFile(probe, 'x', { mode: 0o600 });
    } finally {
      await rm(probe, { force: true });
    }
  }
}
