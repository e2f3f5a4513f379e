import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { CertificateError } from './certificate-error.ts';
import { keepFile, readKept } from './keep.ts';
import { chainPem } from './pem.ts';

/** Puts what clients are to trust, when it is no CA of the folder's own, beside it as ca.crt; gives its path. */
export async function keepTrust(directory: string, trusted: readonly X509Certificate[]): Promise<string> {
  const path = join(directory, 'ca.crt');
  const text = chainPem(trusted);
  if ((await readKept(path)) !== text) await keepFile(path, text, 'public');
  return path;
}

/**
 * Throws a CertificateError where ca.crt would be overwritten, and every client that trusts that CA locked out;
 * `wayBack` is what leads back to it.
 */
export async function refuseBesideCa(directory: string, wayBack: string): Promise<void> {
  const key = join(directory, 'ca.key');
  if ((await readKept(key)) === undefined) return;
  throw new CertificateError(
    `${directory} holds the CA that Dockgate made, which clients may trust: ${wayBack}, or move ${key} and ca.crt away`,
  );
}
