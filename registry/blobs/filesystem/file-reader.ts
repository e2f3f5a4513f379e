import { open, type FileHandle } from 'node:fs/promises';
import type { BlobReader } from '../blob-store.ts';
import { isMissing } from './faults.ts';

/** Opens `path` for reading, which others know as `name`; undefined when there is no such file. */
export async function openFile(path: string, name?: string): Promise<BlobReader | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (fault) {
    if (isMissing(fault)) return undefined;
    throw fault;
  }
  try {
    return new FileReader(file, (await file.stat()).size, name);
  } catch (fault) {
    await file.close();
    throw fault;
  }
}

class FileReader implements BlobReader {
  readonly size: number;
  readonly file: string | undefined;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle, size: number, file: string | undefined) {
    this.#handle = handle;
    this.size = size;
    this.file = file;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    return (await this.#handle.read(into, 0, into.byteLength, position)).bytesRead;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
