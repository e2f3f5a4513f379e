import { chmod, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { CertificateError } from './certificate-error.ts';

/** Who may read a kept file: a `secret` its owner only (0600), a `public` one everybody who reaches it (0644). */
export type Secrecy = 'secret' | 'public';

const FILE_MODE = { secret: 0o600, public: 0o644 } as const;

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

/**
 * Replaces a file as one step: after a crash the old content or the new one is there, whole. The caller holds the
 * folder's lock, so nobody else uses the temporary name, and a leftover under it is a crash's.
 */
export async function keepFile(path: string, content: string, secrecy: Secrecy): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  // 'wx' with the final mode: a key is never readable by others, not even while it is written.
  const file = await open(temporary, 'wx', FILE_MODE[secrecy]);
  try {
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
