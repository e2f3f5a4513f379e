import { CertificateError } from '../certificate-error.ts';

/**
 * A SHA-256 fingerprint as a person copies it, with or without `SHA256:` and colons, in any case, in its one spelling:
 * `SHA256:` and 32 upper-case hexadecimal pairs with colons. Throws a CertificateError for anything else.
 */
export function canonicalFingerprint(text: string): string {
  const digits = text
    .trim()
    .replace(/^sha-?256[:=]/i, '')
    .replaceAll(/[:\s]/g, '');
  if (!/^[0-9a-f]{64}$/i.test(digits)) {
    throw new CertificateError(
      `'${text}' is no SHA-256 fingerprint: give SHA256: and 64 hexadecimal digits, with or without colons, as the server's log and its page /setup show it`,
    );
  }
  return `SHA256:${(digits.toUpperCase().match(/../g) ?? []).join(':')}`;
}
