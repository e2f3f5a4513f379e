import type { KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { CertificateError } from './certificate-error.ts';
import { keepFile, readKept, tighten } from './keep.ts';
import { keyPem } from './key.ts';
import { namesIn } from './names.ts';
import { certificatesIn, chainPem, privateKeyIn } from './pem.ts';
import { reasonToReissue } from './renewal.ts';
import type { CertificateFacts } from './renewal.ts';

/** A server certificate with what is sent after it, and its private key. */
export interface Pair {
  chain: [X509Certificate, ...X509Certificate[]];
  key: KeyObject;
}

/** Where a profile's server certificate comes from. */
export interface Issuer {
  /** Whether this issuer would hand out the chain today, its dates and names aside. */
  vouchesFor: (chain: Pair['chain']) => boolean;
  issue: () => Promise<Pair>;
}

/** The pair to serve, and why it is this one. */
export interface KeptPair extends Pair {
  issued: 'new' | 'kept' | 'renewed';
  reason: string;
  warnings: string[];
}

/**
 * The pair server.crt and server.key of `directory`, issued when there is none or it must not be served any longer
 * for `wanted` (canonical names). The caller holds the folder's lock. Throws a CertificateError when a file is there
 * but may not be read.
 */
export async function ensurePair(
  directory: string,
  issuer: Issuer,
  wanted: readonly string[],
  now: Date,
): Promise<KeptPair> {
  const files = { crt: join(directory, 'server.crt'), key: join(directory, 'server.key') };
  const [crt, key] = await Promise.all([readKept(files.crt), readKept(files.key)]);
  const found = crt === undefined && key === undefined ? 'nothing' : readPair(crt, key, files);
  if (found === 'nothing') return replacePair(files, issuer, 'new', 'there was no certificate yet');
  if ('fault' in found) return replacePair(files, issuer, 'renewed', found.fault);
  const reason = reasonToReissue(factsOf(found, issuer), wanted, now);
  if (reason !== undefined) return replacePair(files, issuer, 'renewed', reason);
  const warnings = await tighten(files.key, 0o600);
  return { ...found, issued: 'kept', reason: 'the certificate is in order', warnings };
}

interface Files {
  crt: string;
  key: string;
}

/** A crash between the two files leaves a key that is not the certificate's: the next start sees it and issues again. */
async function replacePair(
  files: Files,
  issuer: Issuer,
  issued: 'new' | 'renewed',
  reason: string,
): Promise<KeptPair> {
  const pair = await issuer.issue();
  await keepFile(files.key, keyPem(pair.key), 'secret');
  await keepFile(files.crt, chainPem(pair.chain), 'public');
  return { ...pair, issued, reason, warnings: [] };
}

function readPair(crt: string | undefined, key: string | undefined, files: Files): Pair | { fault: string } {
  if (crt === undefined) return { fault: `${files.crt} was missing` };
  if (key === undefined) return { fault: `${files.key} was missing` };
  try {
    return { chain: certificatesIn(crt, files.crt), key: privateKeyIn(key, files.key) };
  } catch (error) {
    if (error instanceof CertificateError) return { fault: error.message };
    throw error;
  }
}

function factsOf({ chain, key }: Pair, issuer: Issuer): CertificateFacts {
  const [certificate] = chain;
  return {
    names: namesIn(certificate),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    keyMatches: certificate.checkPrivateKey(key),
    vouchedFor: issuer.vouchesFor(chain),
  };
}
