import type { X509Certificate } from 'node:crypto';
import { certificatesIn } from '../pem.ts';

/** One certificate that a server hands out as its ca.crt. */
export interface OfferedCertificate {
  /** One line, such as `CN=Dockgate CA 3f2a`. */
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** `SHA256:` and 32 upper-case hexadecimal pairs with colons, over the DER. */
  readonly fingerprint: string;
  /** The certificate alone, written anew: nothing else that stood in the file is in it. */
  readonly pem: string;
  readonly certificate: X509Certificate;
}

/** The certificates of a ca.crt, each once; throws a CertificateError that names `source` when there is none. */
export function offeredCertificates(pem: string, source: string): OfferedCertificate[] {
  const offered = certificatesIn(pem, source).map((certificate) => ({
    subject: certificate.subject.replaceAll('\n', ', '),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    fingerprint: `SHA256:${certificate.fingerprint256}`,
    pem: certificate.toString(),
    certificate,
  }));
  return [...new Map(offered.map((each) => [each.fingerprint, each])).values()];
}

/**
 * Those of the offered that may be trusted when these fingerprints are confirmed: the confirmed themselves, and what
 * they have signed. Not the whole file because one of it is confirmed: whoever stands between can append to it.
 */
export function confirmedBy(
  fingerprints: readonly string[],
  offered: readonly OfferedCertificate[],
): OfferedCertificate[] {
  const confirmed = new Set(offered.filter(({ fingerprint }) => fingerprints.includes(fingerprint)));
  for (let before = -1; before !== confirmed.size;) {
    before = confirmed.size;
    for (const each of offered) if ([...confirmed].some((by) => vouches(by, each))) confirmed.add(each);
  }
  return offered.filter((each) => confirmed.has(each));
}

function vouches({ certificate: issuer }: OfferedCertificate, { certificate }: OfferedCertificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
