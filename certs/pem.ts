import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { CertificateError } from './certificate-error.ts';

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const BEGIN = /-----BEGIN CERTIFICATE-----/g;

/** Certificates in an order that means something, at least one. */
export type Chain = [X509Certificate, ...X509Certificate[]];

/** The certificates of a PEM file in their order, at least one; throws a CertificateError that names `path`. */
export function certificatesIn(text: string, path: string): Chain {
  try {
    const blocks = text.match(CERTIFICATE) ?? [];
    // A file that somebody writes just now ends in the middle.
    if (blocks.length < (text.match(BEGIN)?.length ?? 0)) throw new Error('a block without its end');
    const [first, ...others] = blocks.map((block) => new X509Certificate(block));
    if (first !== undefined) return [first, ...others];
  } catch (cause) {
    throw new CertificateError(`${path} holds a damaged certificate: put a PEM certificate there`, { cause });
  }
  throw new CertificateError(`${path} is not a PEM certificate: it needs a BEGIN CERTIFICATE block`);
}

/** The private key of a PEM file; throws a CertificateError that names `path`. */
export function privateKeyIn(text: string, path: string): KeyObject {
  if (/BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED/.test(text)) {
    throw new CertificateError(
      `${path} is locked with a passphrase: write it without one (openssl pkey -in … -out …)`,
    );
  }
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw new CertificateError(`${path} is not a PEM private key: it needs a BEGIN PRIVATE KEY block`, {
      cause,
    });
  }
}

/** Certificates as one PEM text, in their order. */
export function chainPem(chain: readonly X509Certificate[]): string {
  return chain.map((certificate) => certificate.toString()).join('');
}

/** Whether two lists hold the same certificates in the same order. */
export function sameCertificates(
  some: readonly X509Certificate[],
  others: readonly X509Certificate[],
): boolean {
  return some.length === others.length && some.every(({ raw }, i) => others[i]?.raw.equals(raw) === true);
}
