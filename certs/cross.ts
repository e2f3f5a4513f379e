import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { keepFile, readKept } from './keep.ts';
import { certificatesIn, chainPem } from './pem.ts';
import { isSignedBy } from './signed-by.ts';

/** The cross-certificates from the present CA down to the first one of the folder, newest first. */
export async function readCrosses(directory: string): Promise<X509Certificate[]> {
  const path = fileOf(directory);
  const text = await readKept(path);
  return text === undefined ? [] : certificatesIn(text, path);
}

/** Keeps the cross-certificates. The caller holds the folder's lock. */
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
  for (const cross of crosses) {
    const below = path.at(-1);
    const fits = below === undefined ? isFor(cross, signer) : isSignedBy(below, cross);
    if (!fits || now > cross.validToDate) break;
    path.push(cross);
  }
  return path;
}

/** Whether a cross-certificate stands for a CA: the same subject and key. */
export function isFor(cross: X509Certificate, authority: X509Certificate): boolean {
  return cross.subject === authority.subject && cross.publicKey.equals(authority.publicKey);
}

function fileOf(directory: string): string {
  return join(directory, 'ca-cross.crt');
}
