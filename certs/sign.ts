import { randomBytes, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { keyPem, publicPem } from './key.ts';
import type { Validity } from './validity.ts';

const { asn1, pki, util } = forge;
type Field = forge.pki.CertificateField;

// node-forge's types take a class where its code reads the tag of a string type.
const UTF8_STRING = asn1.Type.UTF8 as unknown as forge.asn1.Class;

/** An extension as node-forge takes it: its name and its own fields, or its id and its DER as `value`. */
export interface Extension {
  name?: string;
  id?: string;
  [field: string]: unknown;
}

/** What goes into a certificate before it is signed; `key` is the key that it is for. */
export interface Draft {
  /** The common name, or a certificate whose subject this one is to have. */
  subject: string | X509Certificate | undefined;
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
  const issuer = signer === undefined ? certificate : parse(signer.certificate);
  certificate.publicKey = pki.publicKeyFromPem(publicPem(draft.key));
  certificate.validity = { ...draft.validity };
  certificate.setSubject(subjectOf(draft.subject));
  certificate.setIssuer(signer === undefined ? issuer.subject.attributes : subjectAttributes(issuer));
  certificate.setExtensions([
    ...draft.extensions,
    { name: 'subjectKeyIdentifier' },
    authorityIdentifier(issuer),
  ]);
  return finish(certificate, signer?.key ?? draft.key);
}

/** The extensions of a CA that are its own and not its issuer's: what it may do, its key's identifier. */
const OWN = new Set([
  'basicConstraints',
  'keyUsage',
  'extKeyUsage',
  'subjectKeyIdentifier',
  'nameConstraints',
]);

/**
 * Another certificate for the CA of `certificate`: the same subject, key, identifier and limits, but issued by
 * `signer`. Whoever trusts the signer then trusts what that CA signs (RFC 4949, "cross-certificate").
 */
export function crossSign(certificate: X509Certificate, signer: Signer, validity: Validity): X509Certificate {
  const [present, issuer] = [parse(certificate), parse(signer.certificate)];
  const cross = pki.createCertificate();
  cross.publicKey = present.publicKey;
  cross.validity = { ...validity };
  cross.setSubject(subjectAttributes(present));
  cross.setIssuer(subjectAttributes(issuer));
  const own = (present.extensions as Extension[]).filter(({ name = '' }) => OWN.has(name));
  cross.setExtensions([...own, authorityIdentifier(issuer)]);
  return finish(cross, signer.key);
}

function parse(certificate: X509Certificate): forge.pki.Certificate {
  return pki.certificateFromPem(certificate.toString());
}

function finish(certificate: forge.pki.Certificate, key: KeyObject): X509Certificate {
  certificate.serialNumber = serialNumber();
  certificate.sign(pki.privateKeyFromPem(keyPem(key)), forge.md.sha256.create());
  return new X509Certificate(pki.certificateToPem(certificate));
}

/** 16 random octets that begin with 0x40-0x7f: positive, and no leading zero (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const octets = randomBytes(16);
  octets.writeUInt8((octets.readUInt8(0) & 0x3f) | 0x40, 0);
  return octets.toString('hex');
}

function subjectOf(subject: Draft['subject']): Field[] {
  if (subject instanceof X509Certificate) return subjectAttributes(parse(subject));
  const commonName = subject;
  const fields = { organizationName: 'Dockgate', ...(commonName !== undefined && { commonName }) };
  // PrintableString, node-forge's choice, has no '*' and no '_'.
  return Object.entries(fields).map(([name, value]) => ({ name, value, valueTagClass: UTF8_STRING }));
}

/** node-forge keeps the bytes of a parsed UTF8String but encodes what it writes: decoded here, the name stays the same. */
function subjectAttributes({ subject }: forge.pki.Certificate): Field[] {
  return subject.attributes.map((field) =>
    field.valueTagClass === UTF8_STRING && typeof field.value === 'string'
      ? { ...field, value: util.decodeUtf8(field.value) }
      : field,
  );
}

function authorityIdentifier(issuer: forge.pki.Certificate): Extension {
  return { name: 'authorityKeyIdentifier', keyIdentifier: keyIdentifierOf(issuer) };
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
