import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { keepFile, readKept } from './keep.ts';
import { certificatesIn, chainPem } from './pem.ts';
import { isSignedBy } from './signed-by.ts';

/**
 * The cross-certificates from the present CA down to the first one of the folder, newest first, each followed by the
 * root that issued it.
 */
export async function readCrosses(directory: string): Promise<X509Certificate[]> {
  const path = fileOf(directory);
  const text = await readKept(path);
  return text === undefined ? [] : certificatesIn(text, path);
}

/** Keeps them. The caller holds the folder's lock. */
export async function keepCrosses(directory: string, crosses: readonly X509Certificate[]): Promise<void> {
  await keepFile(fileOf(directory), chainPem(crosses), 'public');
}

/**
 * As many of the cross-certificates as lead from `signer` to an earlier CA at `now`: each is the issuer of the one
 * before it, so that clients that read a chain line by line find their CA wherever it stands (RFC 8446, 4.4.2).
 */
export function leadingFrom(
  signer: X509Certificate,
  crosses: readonly X509Certificate[],
  now: Date,
): X509Certificate[] {
  const path: X509Certificate[] = [];
  // The roots are never sent: some clients would take one for the end of the chain.
  for (const cross of crosses.filter((each) => !isRoot(each))) {
    const below = path.at(-1);
    const fits = below === undefined ? isFor(cross, signer) : isSignedBy(below, cross);
    if (!fits || now > cross.validToDate) break;
    path.push(cross);
  }
  return path;
}

/** The roots to which a path of cross-certificates leads, newest first. */
export function rootsOf(
  path: readonly X509Certificate[],
  crosses: readonly X509Certificate[],
): X509Certificate[] {
  const roots = crosses.filter(isRoot);
  return path.flatMap((cross) => roots.filter((root) => isSignedBy(cross, root)).slice(0, 1));
}

/** Whether a cross-certificate stands for a CA: the same subject and key. */
export function isFor(cross: X509Certificate, authority: X509Certificate): boolean {
  return cross.subject === authority.subject && cross.publicKey.equals(authority.publicKey);
}

function isRoot(certificate: X509Certificate): boolean {
  return isSignedBy(certificate, certificate);
}

function fileOf(directory: string): string {
  return join(directory, 'ca-cross.crt');
}
