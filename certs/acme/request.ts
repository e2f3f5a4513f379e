import { createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { contextTag } from '../extension.ts';

const { asn1 } = forge;
const { Class, Type } = asn1;
type Asn1 = forge.asn1.Asn1;

const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const SUBJECT_ALTERNATIVE_NAME = '2.5.29.17';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

/**
 * The DER of a certification request (RFC 2986) for these domains and the public half of `key`, ECDSA. It has no
 * subject: what a certificate holds for stands in subjectAltName (RFC 8555, 7.4). node-forge signs such requests with
 * RSA alone, so it only writes the structure here.
 */
export function certificationRequest(names: readonly string[], key: KeyObject): Buffer {
  const info = sequence(
    universal(Type.INTEGER, '\0'),
    sequence(),
    publicKeyInfo(key),
    asn1.create(Class.CONTEXT_SPECIFIC, contextTag(0), true, [requestFor(names)]),
  );
  const signature = sign('sha256', derOf(info), key);
  // The octet before the bits says how many of the last ones are none.
  const bits = universal(Type.BITSTRING, `\0${signature.toString('binary')}`);
  return derOf(sequence(info, sequence(oid(ECDSA_WITH_SHA256)), bits));
}

function publicKeyInfo(key: KeyObject): Asn1 {
  const der = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return asn1.fromDer(der.toString('binary'));
}

function requestFor(names: readonly string[]): Asn1 {
  const list = sequence(
    ...names.map((name) => asn1.create(Class.CONTEXT_SPECIFIC, contextTag(2), false, name)),
  );
  const value = universal(Type.OCTETSTRING, derOf(list).toString('binary'));
  const extensions = sequence(sequence(oid(SUBJECT_ALTERNATIVE_NAME), value));
  return sequence(oid(EXTENSION_REQUEST), asn1.create(Class.UNIVERSAL, Type.SET, true, [extensions]));
}

function sequence(...parts: Asn1[]): Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts);
}

function oid(id: string): Asn1 {
  return universal(Type.OID, asn1.oidToDer(id).getBytes());
}

function universal(type: forge.asn1.Type, value: string): Asn1 {
  return asn1.create(Class.UNIVERSAL, type, false, value);
}

function derOf(part: Asn1): Buffer {
  return Buffer.from(asn1.toDer(part).getBytes(), 'binary');
}
