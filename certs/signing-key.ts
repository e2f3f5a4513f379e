import type { KeyObject } from 'node:crypto';
import { CertificateError } from './certificate-error.ts';
import { privateKeyIn } from './pem.ts';

/** The RSA key in the text of a file; throws a CertificateError for any other. */
export function signingKeyIn(pem: string, path: string): KeyObject {
  const key = privateKeyIn(pem, path);
  if (key.asymmetricKeyType !== 'rsa') {
    throw new CertificateError(
      `${path} is not an RSA key, and Dockgate signs with RSA only: put an RSA CA there, or have that CA sign a server certificate and set tls.profile: files`,
    );
  }
  return key;
}
