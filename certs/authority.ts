import type { KeyObject, X509Certificate } from 'node:crypto';
import { dirname, join } from 'node:path';
import { CertificateError } from './certificate-error.ts';
import { leadingFrom, readCrosses } from './cross.ts';
import { keepFile, readKept, tighten } from './keep.ts';
import { keyPem, newKey } from './key.ts';
import { isConstrained } from './name-constraints.ts';
import { certificatesIn, chainPem, sameCertificates } from './pem.ts';
import type { Chain } from './pem.ts';
import { warningsOfLife } from './lasting.ts';
import { newRoot, ROOT_BITS } from './root.ts';
import { signingKeyIn } from './signing-key.ts';
import { backwardCross, endSuccession, isVouchedFor, prepareTakeover, readSuccession } from './succession.ts';
import type { Succession } from './succession.ts';

/** Who signs the server certificate. */
export interface Authority {
  /** The CA that signs, and those above it. */
  chain: Chain;
  key: KeyObject;
  /** What is sent after a certificate that it signed. */
  sent: X509Certificate[];
  /** What clients are to trust, the content of ca.crt; while a succession is under way the next CA is the last. */
  trusted: Chain;
  /** When the next CA takes over; undefined when there is none. */
  takeover: Date | undefined;
  warnings: string[];
}

/** What a CA that Dockgate makes is made by. */
export interface AuthorityTerms {
  now: Date;
  /** How long clients are given both CAs before the next takes over, in milliseconds. */
  overlap: number;
  /** The canonical names that a new CA is kept to; undefined for all names. */
  limits: readonly string[] | undefined;
}

/** Paths of a CA's certificate and key. */
export interface AuthorityFiles {
  crt: string;
  key: string;
}

interface Held {
  chain: Chain;
  key: KeyObject;
}

/**
 * The CA of `directory` (ca.crt and ca.key), made when there is none, and followed by the next one when it is time. One
 * that is there is never replaced otherwise, because clients trust it: throws a CertificateError when it cannot be
 * used. The caller holds the folder's lock.
 */
export async function ensureAuthority(directory: string, terms: AuthorityTerms): Promise<Authority> {
  const files = { crt: join(directory, 'ca.crt'), key: join(directory, 'ca.key') };
  const next = await readSuccession(directory);
  const found = await ensureHeld(files, next, terms);
  refuseUnfit(found, files);
  const takeover = next && new Date(next.begun.getTime() + terms.overlap);
  // A crash in the middle of a takeover leaves the next key as ca.key: then the rest is done now.
  const taken = next?.key.equals(found.key) === true;
  if (next === undefined || takeover === undefined || (!taken && terms.now < takeover)) {
    return described(directory, files, found, { next, takeover, terms });
  }
  if (!taken) await prepareTakeover(directory, found.chain[0], next, terms.now);
  await keepFile(files.key, keyPem(next.key), 'secret');
  await keepFile(files.crt, chainPem([next.root]), 'public');
  await endSuccession(directory);
  const held: Held = { chain: [next.root], key: next.key };
  return described(directory, files, held, { next: undefined, takeover: undefined, terms });
}

async function ensureHeld(
  files: AuthorityFiles,
  next: Succession | undefined,
  { limits, now }: AuthorityTerms,
): Promise<Held> {
  const [crt, keyText] = await Promise.all([readKept(files.crt), readKept(files.key)]);
  if (crt !== undefined && keyText === undefined) throw keyIsMissing(files);
  const key = keyText === undefined ? await newSigningKey(files) : signingKeyIn(keyText, files.key);
  if (next?.key.equals(key)) return { chain: [next.root], key };
  if (crt !== undefined) return { chain: withoutNext(certificatesIn(crt, files.crt), next), key };
  // After a crash between the two files, or when somebody deleted ca.crt, the key alone makes it anew, and since
  // subject and key are as before, whoever trusts the earlier root trusts this one.
  const root = newRoot(key, limits, now, await namedAlike(key, dirname(files.crt)));
  await keepFile(files.crt, chainPem([root]), 'public');
  return { chain: [root], key };
}

/** After a succession the CA has the subject of those before it, which what they certified of it still tells. */
async function namedAlike(key: KeyObject, directory: string): Promise<X509Certificate | undefined> {
  return (await readCrosses(directory)).find((cross) => cross.checkPrivateKey(key));
}

async function newSigningKey(files: AuthorityFiles): Promise<KeyObject> {
  const key = await newKey(ROOT_BITS);
  await keepFile(files.key, keyPem(key), 'secret');
  return key;
}

function withoutNext([first, ...others]: Chain, next: Succession | undefined): Chain {
  return [first, ...others.filter(({ raw }) => next?.root.raw.equals(raw) !== true)];
}

async function described(
  directory: string,
  files: AuthorityFiles,
  { chain, key }: Held,
  under: { next: Succession | undefined; takeover: Date | undefined; terms: AuthorityTerms },
): Promise<Authority> {
  const { next, takeover, terms } = under;
  const [signer] = chain;
  const trusted: Chain = next === undefined ? chain : [...chain, next.root];
  const kept = await readKept(files.crt);
  if (kept === undefined || !sameCertificates(certificatesIn(kept, files.crt), trusted)) {
    await keepFile(files.crt, chainPem(trusted), 'public');
  }
  const crosses = leadingFrom(signer, await readCrosses(directory), terms.now);
  // At the end of the path, since two cross-certificates of one CA in a chain mislead clients that try only the first.
  const backward = next && backwardCross(next, signer, crosses);
  const bridges = backward === undefined ? crosses : [...crosses, backward];
  return {
    chain,
    key,
    sent: bridges.length > 0 ? bridges : chain,
    trusted,
    takeover,
    warnings: [
      ...(await tighten(files.key, 0o600)),
      ...(next === undefined ? warningsOfLife(signer, files.crt, terms.now, SUCCEED) : warningsOfNext(next)),
      ...warningsOfLimits(next?.root ?? signer, files, terms),
    ],
  };
}

function warningsOfNext(next: Succession): string[] {
  if (isVouchedFor(next)) return [];
  return [
    'the present CA may have no CA below it, so clients that know only the present one refuse what the next one signs: let them fetch ca.crt again before it takes over',
  ];
}

const SUCCEED =
  'run "dockgate certs renew --authority", which makes the next one and hands out both for a while';

function keyIsMissing(files: AuthorityFiles): CertificateError {
  return new CertificateError(
    `${files.crt} is there without its key ${files.key}: put the key back; or set tls.profile: files to serve a certificate that was signed elsewhere; or move ${files.crt} away, and a new CA is made that every client has to trust`,
  );
}

function refuseUnfit({ chain: [signer], key }: Held, files: AuthorityFiles): void {
  const wayOut = `put the right pair there, or move both files away, and a new CA is made that every client has to trust`;
  if (!signer.ca) throw new CertificateError(`${files.crt} is not a CA certificate: ${wayOut}`);
  if (!signer.checkPrivateKey(key)) {
    throw new CertificateError(`${files.key} does not belong to ${files.crt}: ${wayOut}`);
  }
}

function warningsOfLimits(
  last: X509Certificate,
  files: AuthorityFiles,
  { limits }: AuthorityTerms,
): string[] {
  if (limits === undefined || isConstrained(last)) return [];
  return [
    `the CA in ${files.crt} may certify any name, since it is older than tls.constrainNames: run "dockgate certs renew --authority" for one that may not`,
  ];
}
