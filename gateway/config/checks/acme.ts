import { isIP } from 'node:net';
import { canBeOrdered } from '../../../certs/index.ts';
import type { Finding } from '../errors.ts';
import { isMapping } from '../mappings.ts';
import type { Outline } from '../outline.ts';
import { entriesOf } from './references.ts';

/** What an order by ACME needs: the agreement, a plain port, and hosts that can be validated over it. */
export function* checkAcme(outline: Outline, addedHosts: readonly string[]): Iterable<Finding> {
  const { tls, listen } = outline;
  if (tls.profile !== 'acme') {
    if (tls.acme !== undefined && isKnownProfile(tls.profile))
      yield { path: ['tls', 'acme'], message: 'is only used with profile: acme; write that, or take it out' };
    return;
  }
  yield* checkAgreement(tls.acme);
  if (listen.http === false) {
    const message =
      'is off, but with tls.profile: acme the hosts are validated over plain HTTP; give it 80, or the port that port 80 is forwarded to';
    yield { path: ['listen', 'http'], message };
  }
  yield* checkHosts(outline, addedHosts);
}

function isKnownProfile(profile: unknown): boolean {
  return profile === undefined || profile === 'ca' || profile === 'self-signed' || profile === 'files';
}

function* checkAgreement(acme: unknown): Iterable<Finding> {
  const path = ['tls', 'acme'];
  if (acme === undefined || acme === null) {
    yield {
      path,
      message:
        'is missing; with profile: acme write acme: { agreeToTerms: true, email: you@example.org }, once you have read the terms of the authority',
    };
  } else if (isMapping(acme) && [undefined, false, 'false'].some((no) => acme.agreeToTerms === no)) {
    yield {
      path: [...path, 'agreeToTerms'],
      message: `must be true: an authority issues only to those who agree to its terms (Let's Encrypt: https://letsencrypt.org/repository/)`,
    };
  }
}

/** A host with a certificate of its own needs no other. */
function* checkHosts({ hosts, tls }: Outline, addedHosts: readonly string[]): Iterable<Finding> {
  if (hosts === undefined) return;
  const isPrivate = isMapping(tls.acme) && tls.acme.ca !== undefined;
  const shared = entriesOf(hosts).flatMap(([name, host]) => (host.tls === undefined ? [name] : []));
  for (const name of [...shared, ...addedHosts].filter((each) => each.startsWith('*.'))) {
    const message =
      'is a wildcard, which ACME cannot validate over HTTP; give it tls: { cert: FILE, key: FILE }, or name its hosts';
    yield { path: ['hosts', name], message };
  }
  const plain = [...shared, ...addedHosts].filter((name) => !name.startsWith('*.'));
  if (plain.some((name) => canBeOrdered(name.toLowerCase(), { isPrivate }))) return;
  const [first] = plain;
  if (first === undefined) {
    const message =
      'finds no host without a certificate of its own; name one under hosts, or choose another profile';
    yield { path: ['tls', 'profile'], message };
    return;
  }
  yield {
    path: ['hosts', first],
    message: `${isIP(first.replace(/^\[(.*)\]$/, '$1')) === 0 ? 'is a name of this network or machine alone' : 'is an IP address'}, and no certificate can be had for it by ACME; name a host that the authority can reach, such as registry.example.org`,
  };
}
