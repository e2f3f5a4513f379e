import type { KeyObject, X509Certificate } from 'node:crypto';
import { keyId } from './key.ts';
import { constrainedTo } from './name-constraints.ts';
import { sign } from './sign.ts';
import { AUTHORITY_LIFE, validityFrom } from './validity.ts';

/** The size of a CA's RSA key in bits. */
export const ROOT_BITS = 3072;

/**
 * A new root for `key`, kept to `limits` (canonical names, with what is under them) when there are any. One that takes
 * over from others has their subject, of which `named` is one (RFC 4210, 4.4): GnuTLS looks for the CA that it knows
 * under the last names of a chain only.
 */
export function newRoot(
  key: KeyObject,
  limits: readonly string[] | undefined,
  now: Date,
  named?: X509Certificate,
): X509Certificate {
  return sign({
    // Two installations never share a subject: a client that trusts both would confuse them.
    subject: named ?? `Dockgate CA ${keyId(key)}`,
    key,
    validity: validityFrom(now, AUTHORITY_LIFE),
    extensions: [
      // No path length: a root that takes over from this one is, for clients that know only this one, a CA below it.
      { name: 'basicConstraints', critical: true, cA: true },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
      ...(limits === undefined ? [] : [constrainedTo(limits)]),
    ],
  });
}
