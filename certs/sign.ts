import { randomBytes, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { keyPem, publicPem } from './key.ts';
import type { Validity } from './validity.ts';

const { asn1, pki, util } = forge;
type Field = forge.pki.CertificateField;

// node-forge's types take a class where its code reads the tag of a string type.
const UTF8_STRING = asn1.Type.UTF8 as unknown as forge.asn1.Class;

/** An extension as node-forge takes it: its name and its own fields. */
interface Extension {
  name: string;
  [field: string]: unknown;
}

/** What goes into a certificate before it is signed; `key` is the private key that it is for. */
export interface Draft {
  commonName: string | undefined;
  key: KeyObject;
  validity: Validity;
  extensions: Extension[];
}

/** Who signs: a certificate and its private RSA key. */
export interface Signer {
  certificate: X509Certificate;
  key: KeyObject;
}

/**
 * The certificate that `draft` describes, signed with SHA-256 by `signer`, or by its own key when there is none.
 * Both key identifiers are added (RFC 5280, 4.2.1.1 and 4.2.1.2).
 */
export function sign(draft: Draft, signer?: Signer): X509Certificate {
  const certificate = pki.createCertificate();
  const issuer = signer === undefined ? certificate : pki.certificateFromPem(signer.certificate.toString());
  certificate.publicKey = pki.publicKeyFromPem(publicPem(draft.key));
  certificate.serialNumber = serialNumber();
  certificate.validity = { ...draft.validity };
  certificate.setSubject(subjectOf(draft.commonName));
  certificate.setIssuer(subjectAttributes(issuer, signer !== undefined));
  certificate.setExtensions([
    ...draft.extensions,
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: keyIdentifierOf(issuer) },
  ]);
  certificate.sign(pki.privateKeyFromPem(keyPem(signer?.key ?? draft.key)), forge.md.sha256.create());
  return new X509Certificate(pki.certificateToPem(certificate));
}

/** 16 random octets that begin with 0x40-0x7f: positive, and no leading zero (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const octets = randomBytes(16);
  octets.writeUInt8((octets.readUInt8(0) & 0x3f) | 0x40, 0);
  return octets.toString('hex');
}

function subjectOf(commonName: string | undefined): Field[] {
  const fields = { organizationName: 'Dockgate', ...(commonName !== undefined && { commonName }) };
  // PrintableString, node-forge's choice, has no '*' and no '_'.
  return Object.entries(fields).map(([name, value]) => ({ name, value, valueTagClass: UTF8_STRING }));
}

/** node-forge keeps the bytes of a parsed UTF8String but encodes what it writes: decoded here, the issuer stays the same. */
function subjectAttributes({ subject }: forge.pki.Certificate, parsed: boolean): Field[] {
  if (!parsed) return subject.attributes;
  return subject.attributes.map((field) =>
    field.valueTagClass === UTF8_STRING && typeof field.value === 'string'
      ? { ...field, value: util.decodeUtf8(field.value) }
      : field,
  );
}

/** An operator's CA may have made its identifier in another way: what it carries counts. */
function keyIdentifierOf(certificate: forge.pki.Certificate): string {
  const carried = certificate.getExtension('subjectKeyIdentifier') as {
    subjectKeyIdentifier?: string;
  } | null;
  return carried?.subjectKeyIdentifier === undefined
    ? certificate.generateSubjectKeyIdentifier().getBytes()
    : util.hexToBytes(carried.subjectKeyIdentifier);
}
