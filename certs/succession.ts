import type { KeyObject, X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFor, keepCrosses, leadingFrom, readCrosses } from './cross.ts';
import { children, extensionIn } from './extension.ts';
import { keepFile, readKept } from './keep.ts';
import { keyPem, newKey } from './key.ts';
import { certificatesIn, chainPem, privateKeyIn } from './pem.ts';
import { newRoot, ROOT_BITS } from './root.ts';
import { crossSign } from './sign.ts';
import type { Signer } from './sign.ts';
import { BACKDATED } from './validity.ts';

/** The CA that takes over from the present one after a time in which clients are given both. */
export interface Succession {
  root: X509Certificate;
  key: KeyObject;
  begun: Date;
  /** The next CA's key and the present one's, each certified by the other; none by a CA that may have no CA below it. */
  crosses: X509Certificate[];
}

const BASIC_CONSTRAINTS = '2.5.29.19';

/** The succession that is under way in a folder; undefined when there is none, or its two files do not fit together. */
export async function readSuccession(directory: string): Promise<Succession | undefined> {
  const files = filesIn(directory);
  const [crt, keyText] = await Promise.all([readKept(files.crt), readKept(files.key)]);
  if (crt === undefined || keyText === undefined) return undefined;
  const [root, ...crosses] = certificatesIn(crt, files.crt);
  const key = privateKeyIn(keyText, files.key);
  if (!root.checkPrivateKey(key)) return undefined;
  return { root, key, begun: new Date(root.validFromDate.getTime() + BACKDATED), crosses };
}

/**
 * Makes the CA that is to follow `present`, kept to `limits` when there are any. The caller holds the folder's lock.
 * The key is on disk before the certificate, so a certificate that is there can be used.
 */
export async function beginSuccession(
  directory: string,
  present: Signer,
  limits: readonly string[] | undefined,
  now: Date,
): Promise<Succession> {
  const files = filesIn(directory);
  const key = await newKey(ROOT_BITS);
  const root = newRoot(key, limits, now);
  const crosses = crossesBetween(present, { certificate: root, key });
  await rm(files.crt, { force: true });
  await keepFile(files.key, keyPem(key), 'secret');
  await keepFile(files.crt, chainPem([root, ...crosses]), 'public');
  return { root, key, begun: now, crosses };
}

/**
 * Prepares what is to be sent once the next CA signs: it has to be there first. Nothing is lost by it, because a
 * cross-certificate is sent only when it leads from the CA that signs.
 */
export async function prepareTakeover(
  directory: string,
  present: X509Certificate,
  { root, crosses }: Succession,
  now: Date,
): Promise<void> {
  const forward = crosses.find((cross) => isFor(cross, root));
  if (forward === undefined) return;
  const earlier = leadingFrom(present, await readCrosses(directory), now);
  await keepCrosses(directory, [forward, ...earlier]);
}

/** Ends a succession: what was next is now the CA itself. */
export async function endSuccession(directory: string): Promise<void> {
  const files = filesIn(directory);
  await rm(files.crt, { force: true });
  await rm(files.key, { force: true });
}

/** What clients that know only the next CA need while the present one still signs. */
export function backwardCross(
  { crosses }: Succession,
  present: X509Certificate,
): X509Certificate | undefined {
  return crosses.find((cross) => isFor(cross, present));
}

/** Whether the present CA certifies the next one, so that clients that know only the present one go on. */
export function isVouchedFor({ root, crosses }: Succession): boolean {
  return crosses.some((cross) => isFor(cross, root));
}

function crossesBetween(present: Signer, next: Signer): X509Certificate[] {
  const validity = {
    notBefore: next.certificate.validFromDate,
    notAfter: new Date(
      Math.min(present.certificate.validToDate.getTime(), next.certificate.validToDate.getTime()),
    ),
  };
  const backward = crossSign(present.certificate, next, validity);
  if (!mayHaveCaBelow(present.certificate)) return [backward];
  return [crossSign(next.certificate, present, validity), backward];
}

/** A pathLenConstraint of 0 allows no CA below (RFC 5280, 4.2.1.9); OpenSSL and Go hold roots to it, too. */
function mayHaveCaBelow(authority: X509Certificate): boolean {
  const length = children(extensionIn(authority, BASIC_CONSTRAINTS))[1]?.value;
  return length !== '\0';
}

function filesIn(directory: string): { crt: string; key: string } {
  return { crt: join(directory, 'ca-next.crt'), key: join(directory, 'ca-next.key') };
}
