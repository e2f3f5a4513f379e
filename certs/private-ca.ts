import { ensureAuthority } from './authority.ts';
import type { Authority, AuthorityFiles } from './authority.ts';
import { CertificateError } from './certificate-error.ts';
import { keepFolder } from './keep.ts';
import { issueLeaf } from './leaf.ts';
import { whileLocked } from './lock.ts';
import { mayCertify } from './name-constraints.ts';
import { readOperatorAuthority } from './operator-authority.ts';
import { ensurePair } from './pair.ts';
import type { Issuer, Wish } from './pair.ts';
import { served } from './served.ts';
import type { ServedCertificates } from './served.ts';
import { isSignedBy } from './signed-by.ts';
import { keepTrust, refuseBesideCa } from './trust-copy.ts';
import { day } from './validity.ts';

/** Which CA signs: the operator's own, or else the one of the folder. */
export interface CaChoice {
  own: AuthorityFiles | undefined;
  /** How long clients are given both CAs before the next takes over, in milliseconds. */
  overlap: number;
  /** Whether a new CA is kept to the wished names. */
  constrainNames: boolean;
}

/**
 * Profile `ca`: a CA (ca.crt, ca.key, or the operator's own) and a server certificate from it (server.crt, server.key)
 * in `directory`, made or renewed as wished. Throws a CertificateError when a person has to act.
 */
export async function servePrivateCa(
  directory: string,
  choice: CaChoice,
  wish: Wish,
): Promise<ServedCertificates> {
  const warnings = await keepFolder(directory);
  return whileLocked(directory, async () => {
    const authority = await authorityOf(directory, choice, wish);
    const mayHold = (name: string): boolean => mayCertify(authority.chain, name);
    const issuer: Issuer = {
      vouchesFor: (leaf) => isSignedBy(leaf, authority.chain[0]),
      sent: authority.sent,
      issue: (names) => issueLeaf(authority, someOf(names.filter(mayHold), authority), wish.now),
    };
    const pair = await ensurePair(directory, issuer, { ...wish, names: wish.names.filter(mayHold) });
    const outside = wish.names.filter((name) => !mayHold(name));
    return served({
      ...pair,
      authority: authority.trusted,
      takeover: authority.takeover,
      warnings: [
        ...warnings,
        ...authority.warnings,
        ...warningsOf(outside, choice, authority),
        ...pair.warnings,
      ],
    });
  });
}

async function authorityOf(
  directory: string,
  { own, overlap, constrainNames }: CaChoice,
  { names, now }: Wish,
): Promise<Authority> {
  if (own === undefined) {
    return ensureAuthority(directory, { now, overlap, limits: constrainNames ? names : undefined });
  }
  await refuseBesideCa(directory, 'take tls.caCert and tls.caKey out');
  const authority = await readOperatorAuthority(own, now);
  await keepTrust(directory, authority.trusted);
  return authority;
}

/** A certificate with a name that its CA may not certify is refused under every name. */
function warningsOf(outside: readonly string[], { own }: CaChoice, authority: Authority): string[] {
  if (outside.length === 0) return [];
  const wayOut =
    own === undefined ? wayToNext(outside, authority) : `have ${own.crt} signed for them, or leave them out`;
  return [
    `the CA may not certify ${outside.join(', ')}, so clients refuse the server under these names: ${wayOut}`,
  ];
}

function wayToNext(outside: readonly string[], { takeover, trusted }: Authority): string {
  const renew = 'run "dockgate certs renew --authority"';
  if (takeover === undefined) return `${renew} for one that may`;
  if (!outside.every((name) => mayCertify(trusted.slice(-1), name))) {
    return `${renew} once more when the next CA signs, from ${day(takeover)} on`;
  }
  return `the next CA, which signs from ${day(takeover)} on, may; let clients that know the present one alone fetch ca.crt again before`;
}

function someOf(names: string[], { chain: [signer] }: Authority): string[] {
  if (names.length > 0) return names;
  throw new CertificateError(
    `the CA (${signer.subject.replaceAll('\n', ', ')}) may certify none of the hosts: its name constraints leave them out`,
  );
}
