import type { KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { CertificateError } from './certificate-error.ts';
import { keepFile, readKept, tighten } from './keep.ts';
import { keyPem } from './key.ts';
import { namesIn } from './names.ts';
import { certificatesIn, chainPem, privateKeyIn, sameCertificates } from './pem.ts';
import type { Chain } from './pem.ts';
import { namesToIssue, reasonToReissue } from './renewal.ts';
import type { CertificateFacts, Occasion } from './renewal.ts';

/** A server certificate with what is sent after it, and its private key. */
export interface Pair {
  chain: Chain;
  key: KeyObject;
}

/** Where a profile's server certificate comes from. */
export interface Issuer {
  /** Whether this issuer would hand out the certificate today, its dates and names aside. */
  vouchesFor: (certificate: X509Certificate) => boolean;
  /** What is sent after each of its certificates. */
  sent: readonly X509Certificate[];
  /** Throws a CertificateError when there can be none. */
  issue: (names: readonly string[]) => Promise<Pair>;
}

/** What the pair is to hold for, and when it is looked at. */
export interface Wish {
  /** Canonical. */
  names: readonly string[];
  occasion: Occasion;
  now: Date;
}

/** The pair to serve, and why it is this one. */
export interface KeptPair extends Pair {
  issued: 'new' | 'kept' | 'renewed';
  reason: string;
  warnings: string[];
}

/**
 * The pair server.crt and server.key of `directory`, issued when there is none or it must not be served any longer.
 * The caller holds the folder's lock. Throws a CertificateError when a file is there but may not be read.
 */
export async function ensurePair(directory: string, issuer: Issuer, wish: Wish): Promise<KeptPair> {
  const files = { crt: join(directory, 'server.crt'), key: join(directory, 'server.key') };
  const [crt, key] = await Promise.all([readKept(files.crt), readKept(files.key)]);
  const found = crt === undefined && key === undefined ? 'nothing' : readPair(crt, key, files);
  if (found === 'nothing') {
    return replacePair(files, await issuer.issue(wish.names), 'new', 'there was no certificate yet');
  }
  if ('fault' in found) return replacePair(files, await issuer.issue(wish.names), 'renewed', found.fault);
  const facts = factsOf(found, issuer);
  const reason = reasonToReissue(facts, wish.names, wish.now, wish.occasion);
  if (reason === undefined) return keepPair(files, found, issuer);
  const names = namesToIssue(facts.names, wish.names, wish.occasion);
  return replacePair(files, await issuer.issue(names), 'renewed', reason);
}

interface Files {
  crt: string;
  key: string;
}

/** A crash between the two files leaves a key that is not the certificate's: the next start sees it and issues again. */
async function replacePair(
  files: Files,
  pair: Pair,
  issued: 'new' | 'renewed',
  reason: string,
): Promise<KeptPair> {
  await keepFile(files.key, keyPem(pair.key), 'secret');
  await keepFile(files.crt, chainPem(pair.chain), 'public');
  return { ...pair, issued, reason, warnings: [] };
}

/** A good certificate stays; what is sent after it changes when the CA begins or ends a succession. */
async function keepPair(
  files: Files,
  { chain: [leaf, ...rest], key }: Pair,
  issuer: Issuer,
): Promise<KeptPair> {
  const warnings = await tighten(files.key, 0o600);
  const chain: Chain = [leaf, ...issuer.sent];
  if (sameCertificates(rest, issuer.sent)) {
    return { chain, key, issued: 'kept', reason: 'the certificate is in order', warnings };
  }
  await keepFile(files.crt, chainPem(chain), 'public');
  return { chain, key, issued: 'kept', reason: 'what is sent after the certificate changed', warnings };
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
    vouchedFor: issuer.vouchesFor(certificate),
  };
}
