import type { X509Certificate } from 'node:crypto';
import { ensureAuthority } from './authority.ts';
import { keepFolder } from './keep.ts';
import { issueLeaf } from './leaf.ts';
import { whileLocked } from './lock.ts';
import { ensurePair } from './pair.ts';
import type { Issuer } from './pair.ts';
import { served } from './served.ts';
import type { ServedCertificates } from './served.ts';
import { isSignedBy } from './signed-by.ts';

/**
 * Profile `ca`: a CA of one's own (ca.crt, ca.key) and a server certificate from it (server.crt, server.key) in
 * `directory`, made or renewed as needed for `names` (canonical). Throws a CertificateError when a person has to act.
 */
export async function servePrivateCa(
  directory: string,
  names: string[],
  now: Date,
): Promise<ServedCertificates> {
  const warnings = await keepFolder(directory);
  return whileLocked(directory, async () => {
    const authority = await ensureAuthority(directory, now);
    const issuer: Issuer = {
      vouchesFor: ([leaf, ...rest]) =>
        isSignedBy(leaf, authority.chain[0]) && sameCertificates(rest, authority.chain),
      issue: () => issueLeaf(authority, names, now),
    };
    const pair = await ensurePair(directory, issuer, names, now);
    return served({
      ...pair,
      authority: authority.chain,
      warnings: [...warnings, ...authority.warnings, ...pair.warnings],
    });
  });
}

function sameCertificates(some: readonly X509Certificate[], others: readonly X509Certificate[]): boolean {
  return some.length === others.length && some.every(({ raw }, i) => others[i]?.raw.equals(raw) === true);
}
