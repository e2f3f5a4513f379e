import type { X509Certificate } from 'node:crypto';
import forge from 'node-forge';

const { asn1 } = forge;
type Asn1 = forge.asn1.Asn1;

/** A tag that a structure gives its parts; node-forge's types know the universal ones only. */
export function contextTag(tag: number): forge.asn1.Type {
  const type: unknown = tag;
  return type as forge.asn1.Type;
}

/** Tag of the extensions in a TBSCertificate (RFC 5280, 4.1). */
const EXTENSIONS = contextTag(3);

/** The DER inside one extension of a certificate with any kind of key, undefined when it is not there. */
export function extensionIn(certificate: X509Certificate, id: string): Asn1 | undefined {
  const [signed] = children(asn1.fromDer(certificate.raw.toString('binary')));
  const list = children(signed).find(
    ({ tagClass, type }) => tagClass === asn1.Class.CONTEXT_SPECIFIC && type === EXTENSIONS,
  );
  const extension = children(children(list)[0]).find((each) => idOf(each) === id);
  // The last of id, critical and value; critical may be left out.
  const value = children(extension).at(-1)?.value;
  return typeof value === 'string' ? asn1.fromDer(value) : undefined;
}

/** What is in a constructed value, nothing in any other. */
export function children(node: Asn1 | undefined): Asn1[] {
  return Array.isArray(node?.value) ? node.value : [];
}

function idOf(extension: Asn1): string | undefined {
  const value = children(extension)[0]?.value;
  return typeof value === 'string' ? asn1.derToOid(value) : undefined;
}
