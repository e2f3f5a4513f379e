import { X509Certificate } from 'node:crypto';

/** The certificates of a PEM text, none when it has none. Throws for one that is damaged. RFC 7468. */
export function readCertificates(pem: string): readonly X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block));
}
