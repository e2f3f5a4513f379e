import { randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { CertificateError } from './certificate-error.ts';
import { keyPem } from './key.ts';
import type { Chain } from './pem.ts';

const { asn1, pki, pkcs12 } = forge;

/**
 * A key with its chain as PKCS#12 (RFC 7292), DER: the key under AES-256 with PBKDF2 and SHA-256 (RFC 8018), which
 * OpenSSL 3 and Java since 8u301 read without a legacy provider. Throws a CertificateError for a key
 * other than RSA, and for a password that not every program reads alike.
 */
export function pkcs12Of(chain: Chain, key: KeyObject, password: string): Buffer {
  if (key.asymmetricKeyType !== 'rsa') {
    throw new CertificateError(
      'the key is not RSA, and Dockgate writes PKCS#12 of RSA keys only: export it with --pem, and convert that with "openssl pkcs12 -export -in FILE -out FILE.p12"',
    );
  }
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new CertificateError(
      'the password of a PKCS#12 file must be made of ASCII letters, digits and signs: programs differ in how they read others',
    );
  }
  // More than node-forge's types know: without a PRF it takes SHA-1.
  const options: object = {
    algorithm: 'aes256',
    prfAlgorithm: 'sha256',
    count: 20_000,
    saltSize: 16,
    friendlyName: 'dockgate',
    localKeyId: randomBytes(20).toString('hex'),
  };
  const certificates = chain.map((each) => pki.certificateFromPem(each.toString()));
  const store = pkcs12.toPkcs12Asn1(pki.privateKeyFromPem(keyPem(key)), certificates, password, options);
  return Buffer.from(asn1.toDer(store).getBytes(), 'binary');
}
