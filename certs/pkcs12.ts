import { createHmac, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { CertificateError } from './certificate-error.ts';
import { contextTag } from './extension.ts';
import type { Chain } from './pem.ts';

const { asn1, md, pki, pkcs12, util } = forge;
const { Class, Type } = asn1;
type Asn1 = forge.asn1.Asn1;

const DATA = '1.2.840.113549.1.7.1';
const SHROUDED_KEY_BAG = '1.2.840.113549.1.12.10.1.2';
const CERTIFICATE_BAG = '1.2.840.113549.1.12.10.1.3';
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
const SHA_256 = '2.16.840.1.101.3.4.2.1';
/** How often the password is hashed, and the length in octets of what comes of it for the MAC. */
const [ROUNDS, KEY_LENGTH] = [20_000, 32];

/**
 * A key with its chain as PKCS#12 (RFC 7292), DER: the key under AES-256 with PBKDF2 and SHA-256 (RFC 8018), which
 * OpenSSL 3 and Java since 8u301 read without a legacy provider. Keys and certificates may be of any kind; node-forge
 * itself would read RSA alone. Throws a CertificateError for a password that not every program reads alike.
 */
export function pkcs12Of(chain: Chain, key: KeyObject, password: string): Buffer {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new CertificateError(
      'the password of a PKCS#12 file must be made of ASCII letters, digits and signs: programs differ in how they read others',
    );
  }
  // What says that the first certificate is the key's.
  const attributes = [
    attribute(FRIENDLY_NAME, primitive(Type.BMPSTRING, Buffer.from('dockgate'))),
    attribute(LOCAL_KEY_ID, primitive(Type.OCTETSTRING, randomBytes(20))),
  ];
  const certificates = chain.map(({ raw }, at) =>
    bag(CERTIFICATE_BAG, certificateValue(raw), at === 0 ? attributes : []),
  );
  const keys = [bag(SHROUDED_KEY_BAG, lockedKey(key, password), attributes)];
  const content = der(sequence(contentInfo(sequence(...certificates)), contentInfo(sequence(...keys))));
  return der(sequence(integer(3), dataInfo(content), macOf(content, password)));
}

function lockedKey(key: KeyObject, password: string): Asn1 {
  const plain = asn1.fromDer(key.export({ type: 'pkcs8', format: 'der' }).toString('binary'));
  // More than node-forge's types know: without a PRF it takes SHA-1.
  const options: object = { algorithm: 'aes256', prfAlgorithm: 'sha256', count: ROUNDS, saltSize: 16 };
  return pki.encryptPrivateKeyInfo(plain, password, options);
}

function certificateValue(raw: Buffer): Asn1 {
  return sequence(oid(X509_CERTIFICATE), tagged(primitive(Type.OCTETSTRING, raw)));
}

function bag(kind: string, value: Asn1, attributes: readonly Asn1[]): Asn1 {
  return sequence(oid(kind), tagged(value), ...(attributes.length > 0 ? [set(...attributes)] : []));
}

function attribute(kind: string, value: Asn1): Asn1 {
  return sequence(oid(kind), set(value));
}

/** RFC 7292, 4: what keeps the file from being changed by somebody without the password. */
function macOf(content: Buffer, password: string): Asn1 {
  const salt = randomBytes(16);
  const forgeSalt = util.createBuffer(salt.toString('binary'));
  const key = pkcs12.generateKey(password, forgeSalt, 3, ROUNDS, KEY_LENGTH, md.sha256.create());
  const mac = createHmac('sha256', Buffer.from(key.getBytes(), 'binary')).update(content).digest();
  const algorithm = sequence(oid(SHA_256), primitive(Type.NULL, Buffer.alloc(0)));
  const digest = sequence(algorithm, primitive(Type.OCTETSTRING, mac));
  return sequence(digest, primitive(Type.OCTETSTRING, salt), integer(ROUNDS));
}

function contentInfo(content: Asn1): Asn1 {
  return dataInfo(der(content));
}

function dataInfo(content: Buffer): Asn1 {
  return sequence(oid(DATA), tagged(primitive(Type.OCTETSTRING, content)));
}

function der(value: Asn1): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'binary');
}

function sequence(...parts: Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts);
}

function set(...parts: Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, parts);
}

/** [0] EXPLICIT, which PKCS#12 has everywhere. */
function tagged(value: Asn1): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, contextTag(0), true, [value]);
}

function oid(value: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(value).getBytes());
}

function integer(value: number): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, asn1.integerToDer(value).getBytes());
}

function primitive(type: forge.asn1.Type, value: Buffer): Asn1 {
  return asn1.create(Class.UNIVERSAL, type, false, value.toString('binary'));
}
