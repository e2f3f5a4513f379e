import type { KeyObject, X509Certificate } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFor, keepCrosses, leadingFrom, readCrosses, rootsOf } from './cross.ts';
import { children, extensionIn } from './extension.ts';
import { keepFile, readKept } from './keep.ts';
import { keyPem, newKey } from './key.ts';
import { certificatesIn, chainPem, privateKeyIn } from './pem.ts';
import { newRoot, ROOT_BITS } from './root.ts';
import { crossSign } from './sign.ts';
import type { Signer } from './sign.ts';
import { isSignedBy } from './signed-by.ts';
import { BACKDATED } from './validity.ts';
import type { Validity } from './validity.ts';

/** The CA that takes over from the present one after a time in which clients are given both. */
export interface Succession {
  root: X509Certificate;
  key: KeyObject;
  begun: Date;
  /**
   * The next CA's key certified by the present one, unless that may have no CA below it; the keys of the present one
   * and of those before it certified by the next one.
   */
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
  const root = newRoot(key, limits, now, present.certificate);
  const kept = await readCrosses(directory);
  const earlier = rootsOf(leadingFrom(present.certificate, kept, now), kept);
  const crosses = crossesBetween(present, { certificate: root, key }, earlier);
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
  const kept = await readCrosses(directory);
  const path = leadingFrom(present, kept, now);
  const earlier = path.flatMap((cross) => [cross, ...rootsOf([cross], kept)]);
  await keepCrosses(directory, [forward, present, ...earlier]);
}

/** Ends a succession: what was next is now the CA itself. */
export async function endSuccession(directory: string): Promise<void> {
  const files = filesIn(directory);
  await rm(files.crt, { force: true });
  await rm(files.key, { force: true });
}

/**
 * What clients that know only the next CA need while the present one still signs: it ends a path that is sent, be that
 * the present CA itself or what leads from it to an earlier one.
 */
export function backwardCross(
  { crosses }: Succession,
  present: X509Certificate,
  path: readonly X509Certificate[],
): X509Certificate | undefined {
  const last = path.at(-1);
  return crosses.find((cross) => (last === undefined ? isFor(cross, present) : isSignedBy(last, cross)));
}

/** Whether the present CA certifies the next one, so that clients that know only the present one go on. */
export function isVouchedFor({ root, crosses }: Succession): boolean {
  return crosses.some((cross) => isFor(cross, root));
}

function crossesBetween(
  present: Signer,
  next: Signer,
  earlier: readonly X509Certificate[],
): X509Certificate[] {
  const backward = [present.certificate, ...earlier].map((root) =>
    crossSign(root, next, whileBothLast(root, next.certificate)),
  );
  if (!mayHaveCaBelow(present.certificate)) return backward;
  const validity = whileBothLast(present.certificate, next.certificate);
  return [crossSign(next.certificate, present, validity), ...backward];
}

function whileBothLast(root: X509Certificate, next: X509Certificate): Validity {
  const end = Math.min(root.validToDate.getTime(), next.validToDate.getTime());
  return { notBefore: next.validFromDate, notAfter: new Date(end) };
}

/** A pathLenConstraint of 0 allows no CA below (RFC 5280, 4.2.1.9); OpenSSL and Go hold roots to it, too. */
function mayHaveCaBelow(authority: X509Certificate): boolean {
  const length = children(extensionIn(authority, BASIC_CONSTRAINTS))[1]?.value;
  return length !== '\0';
}

function filesIn(directory: string): { crt: string; key: string } {
  return { crt: join(directory, 'ca-next.crt'), key: join(directory, 'ca-next.key') };
}
