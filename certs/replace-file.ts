import { open, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Who may read a file: a `secret` its owner only (0600), a `public` one everybody who reaches it (0644). */
export type Secrecy = 'secret' | 'public';

const FILE_MODE = { secret: 0o600, public: 0o644 } as const;

/** How a file is replaced. */
export interface Replacement {
  /** Given the file before its content. */
  prepare?: (file: FileHandle) => Promise<void>;
  /** Its path until it is whole; what is there is removed, and only one at a time may use it. */
  temporary?: string;
}

/**
 * Replaces a file as one step: after a crash the old content or the new one is there, whole. A link is replaced, not
 * followed. A leftover under the temporary name is a crash's.
 */
export async function replaceFile(
  path: string,
  content: string | Buffer,
  secrecy: Secrecy,
  { prepare, temporary = `${path}.new` }: Replacement = {},
): Promise<void> {
  await rm(temporary, { force: true });
  // 'wx' with the final mode: a key is never readable by others, not even while it is written.
  const file = await open(temporary, 'wx', FILE_MODE[secrecy]);
  try {
    await prepare?.(file);
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

async function syncFolder(directory: string): Promise<void> {
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
