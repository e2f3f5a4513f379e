import { chmod, mkdir, readFile, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { CertificateError } from './certificate-error.ts';
import { replaceFile } from './replace-file.ts';
import type { Secrecy } from './replace-file.ts';

/**
 * Makes the folder for keys (0700), or closes the one that is there to others. Returns a warning when it could not be
 * closed; throws a CertificateError when there can be no folder.
 */
export async function keepFolder(directory: string): Promise<string[]> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw cannotWrite(directory, cause);
  }
  return tighten(directory, 0o700);
}

/** The fault of a folder in which nothing can be made. */
export function cannotWrite(directory: string, cause: unknown): CertificateError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CertificateError(
    `cannot write certificates in ${directory} (${why}): let ${whoami()} write there, or bring your own certificate with tls.profile: files`,
    { cause },
  );
}

/** Closes a folder or key file that others can read; returns a warning when it belongs to somebody else. */
export async function tighten(path: string, mode: 0o600 | 0o700): Promise<string[]> {
  const present = (await stat(path)).mode & 0o777;
  if ((present & 0o077) === 0) return [];
  try {
    await chmod(path, mode);
    return [];
  } catch {
    return [`${path} can be read by others and belongs to somebody else: chmod ${mode.toString(8)} it`];
  }
}

/** Replaces a file of the folder as one step. The caller holds the folder's lock. Throws a CertificateError. */
export async function keepFile(path: string, content: string, secrecy: Secrecy): Promise<void> {
  const directory = dirname(path);
  try {
    await replaceFile(path, content, secrecy, { prepare: (file) => giveToOwner(file, directory) });
  } catch (cause) {
    throw cannotWrite(directory, cause);
  }
}

/** A command that root gives must not lock out a gateway that runs as the owner of the folder. */
async function giveToOwner(file: FileHandle, directory: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const { uid, gid } = await stat(directory);
  if (uid !== 0) await file.chown(uid, gid);
}

/** The text of a file, undefined when there is none; throws a CertificateError when it cannot be read. */
export async function readKept(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code = String(cause) } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const way =
      code === 'EACCES' ? `let ${whoami()} read it (chown or chmod)` : 'put a readable PEM file there';
    throw new CertificateError(`cannot read ${path} (${code}): ${way}`, { cause });
  }
}

function whoami(): string {
  return `user ${process.geteuid?.() ?? 'of the gateway'}`;
}
