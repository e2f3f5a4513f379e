import type { KeyObject, X509Certificate } from 'node:crypto';
import { keyPem } from './key.ts';
import { namesIn } from './names.ts';
import { chainPem } from './pem.ts';
import type { Chain } from './pem.ts';

/** What the gateway serves and hands to clients. */
export interface ServedCertificates {
  /** PEM, the server certificate first, then what is sent after it. */
  certificate: string;
  /** PEM of the server certificate's private key. */
  key: string;
  /** PEM that clients are to trust: the CA, or the self-signed certificate; undefined when the operator's files are served. */
  authority: string | undefined;
  /** The names that the server certificate holds for, in their one spelling. */
  names: string[];
  notBefore: Date;
  notAfter: Date;
  /** `SHA256:` and 32 upper-case hexadecimal pairs with colons, over the DER of the authority, else of the server certificate. */
  fingerprint: string;
  /** The same of each certificate of the authority, in its order; while a CA takes over, of the next one too. */
  fingerprints: string[];
  /** When the next CA takes over; undefined when there is none. */
  takeover: Date | undefined;
  issued: 'new' | 'kept' | 'renewed';
  /** Why it was issued or kept, for the log. */
  reason: string;
  /** What the operator should know: each one sentence with the way out. */
  warnings: string[];
}

/** The parts of ServedCertificates that are not read from the certificates themselves. */
export interface Serving {
  chain: Chain;
  key: KeyObject;
  authority: Chain | undefined;
  takeover: Date | undefined;
  issued: ServedCertificates['issued'];
  reason: string;
  warnings: string[];
}

/** Puts together what is served. */
export function served(serving: Serving): ServedCertificates {
  const { chain, key, authority, takeover, issued, reason, warnings } = serving;
  const [certificate] = chain;
  return {
    certificate: chainPem(chain),
    key: keyPem(key),
    authority: authority && chainPem(authority),
    names: namesIn(certificate),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    fingerprint: fingerprintOf(authority?.[0] ?? certificate),
    fingerprints: (authority ?? [certificate]).map(fingerprintOf),
    takeover,
    issued,
    reason,
    warnings,
  };
}

/** `SHA256:AB:CD:…` over the certificate's DER: the hexadecimal form that `openssl x509 -fingerprint -sha256` prints. */
export function fingerprintOf(certificate: X509Certificate): string {
  return `SHA256:${certificate.fingerprint256}`;
}
