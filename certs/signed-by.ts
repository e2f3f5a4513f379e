import type { X509Certificate } from 'node:crypto';

/** Whether `certificate` names `issuer` as its issuer and carries a signature by its key. */
export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
