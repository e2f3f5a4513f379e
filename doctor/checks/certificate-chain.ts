import type { X509Certificate } from 'node:crypto';
import type { Check } from '../check.ts';
import { error, ok, warning, type Remark } from '../finding.ts';
import { readCertificates } from '../pem.ts';
import type { Handshake, Visit } from '../visit.ts';
import { commonName } from './certificate-dates.ts';

/** Whether the chain ends at an authority that this machine trusts, and strict clients take it. */
export const certificateChainCheck: Check = {
  name: 'certificate-chain',
  needs: ['tls'],
  run(visit) {
    const { handshake } = visit.facts;
    if (!handshake) return Promise.resolve([ok('there is none: the address is plain HTTP')]);
    if (handshake.fault !== undefined && !isOfDates(handshake.fault))
      return Promise.resolve([distrust(visit, handshake, handshake.fault)]);
    const faults = strictFaults(handshake.chain);
    const [leaf, ...issuers] = handshake.chain;
    if (faults.length === 0) {
      const way = issuers.length === 0 ? '' : `, signed by ${issuers.map(commonName).join(', by ')}`;
      return Promise.resolve([ok(`this machine trusts the certificate of ${commonName(leaf)}${way}`)]);
    }
    return Promise.resolve(
      faults.map((fault) =>
        warning(
          `strict clients, such as Python 3.13, refuse the certificate: ${fault}`,
          'issue the certificates anew with these extensions (openssl: -extensions v3_ca, v3_req; the profile "ca" of Dockgate has them)',
        ),
      ),
    );
  },
};

/** Told by the check of dates, in words. */
function isOfDates(fault: string): boolean {
  return ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'].includes(fault);
}

function distrust({ ca, base }: Visit, { chain }: Handshake, fault: string): Remark {
  const last = chain.at(-1) ?? chain[0];
  const authority = readCertificates(ca ?? '').find(({ subject }) => subject === last.issuer);
  const install = `install its authority on the clients ("dockgate trust ${base.host}", or ca.crt into /etc/docker/certs.d/${base.host}/) and give it here with --ca`;
  if (authority)
    return error(
      `the certificate is signed by another ${commonName(authority)} than the one that is trusted here`,
      `the authority was made anew: take its present ca.crt; ${install}`,
    );
  if (last.subject === last.issuer)
    return error(`nobody here trusts ${commonName(last)}, who signed the certificate (${fault})`, install);
  return error(
    `the chain ends at ${commonName(last)}; its issuer ${nameIn(last.issuer)} is neither sent nor trusted here (${fault})`,
    `if ${nameIn(last.issuer)} is an intermediate, serve the whole chain, the server's certificate first (nginx: ssl_certificate; dockgate.yaml: tls.cert); else ${install}`,
  );
}

function nameIn(subject: string): string {
  return commonName({ subject });
}

/** Identifiers of extensions in DER. RFC 5280 4.2.1. */
const extensions = {
  authorityKey: Buffer.from('0603551d23', 'hex'),
  subjectKey: Buffer.from('0603551d0e', 'hex'),
  keyUsage: Buffer.from('0603551d0f', 'hex'),
} as const;

/** What RFC 5280 wants of certificates and lenient clients do not look for. */
function strictFaults(chain: Handshake['chain']): string[] {
  const [leaf, ...issuers] = chain;
  const lacks = (certificate: X509Certificate, key: keyof typeof extensions): boolean =>
    !certificate.raw.includes(extensions[key]);
  const isOwn = leaf.subject === leaf.issuer;
  return [
    ...(!isOwn && lacks(leaf, 'authorityKey') ? ["the server's has no authority key identifier"] : []),
    ...issuers.flatMap((each) => [
      ...(each.ca ? [] : [`${commonName(each)} is not marked as an authority (basicConstraints)`]),
      ...(lacks(each, 'subjectKey') ? [`${commonName(each)} has no subject key identifier`] : []),
      ...(lacks(each, 'keyUsage') ? [`${commonName(each)} has no key usage`] : []),
    ]),
  ];
}
