import type { X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { children, contextTag, extensionIn } from './extension.ts';
import type { Extension } from './sign.ts';

const { asn1 } = forge;
const { Class, Type } = asn1;
type Asn1 = forge.asn1.Asn1;

/** Parts of the space of names: domains with all that is under them, and addresses followed by their masks. */
export interface Subtrees {
  domains: string[];
  /** 8 octets for IPv4, 32 for IPv6. */
  addresses: Buffer[];
}

/** Which names a CA may certify (RFC 5280, 4.2.1.10); a kind of name that is not permitted anywhere is free. */
export interface NameConstraints {
  permitted: Subtrees;
  excluded: Subtrees;
}

const NAME_CONSTRAINTS = '2.5.29.30';
/** Tags of GeneralName (RFC 5280, 4.2.1.6). */
const DOMAIN = contextTag(2);
const ADDRESS = contextTag(7);
/** Tags of NameConstraints. */
const PERMITTED = contextTag(0);
const EXCLUDED = contextTag(1);

/** The extension, always critical: a client that cannot read it must not trust. */
export function constraintsExtension({ permitted, excluded }: NameConstraints): Extension {
  const parts = [listOf(PERMITTED, permitted), listOf(EXCLUDED, excluded)];
  const filled = parts.filter((part) => children(part).length > 0);
  const value = asn1.toDer(asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, filled)).getBytes();
  return { id: NAME_CONSTRAINTS, critical: true, value };
}

/** The constraints of a CA, undefined when it has none. Names other than domains and addresses are passed over. */
export function constraintsIn(certificate: X509Certificate): NameConstraints | undefined {
  const extension = extensionIn(certificate, NAME_CONSTRAINTS);
  if (extension === undefined) return undefined;
  const part = (tag: forge.asn1.Type): Subtrees =>
    subtreesIn(children(extension).find(({ type }) => type === tag));
  return { permitted: part(PERMITTED), excluded: part(EXCLUDED) };
}

function listOf(tag: forge.asn1.Type, { domains, addresses }: Subtrees): Asn1 {
  const names = [
    ...domains.map((domain) => nameOf(DOMAIN, domain)),
    ...addresses.map((range) => nameOf(ADDRESS, range.toString('binary'))),
  ];
  const subtrees = names.map((name) => asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [name]));
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, true, subtrees);
}

function nameOf(tag: forge.asn1.Type, value: string): Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, false, value);
}

function subtreesIn(list: Asn1 | undefined): Subtrees {
  const names = children(list).flatMap((subtree) => children(subtree).slice(0, 1));
  const of = (tag: forge.asn1.Type): string[] =>
    names.flatMap(({ type, value }) => (type === tag && typeof value === 'string' ? [value] : []));
  return {
    domains: of(DOMAIN).map((domain) => domain.toLowerCase()),
    addresses: of(ADDRESS).map((range) => Buffer.from(range, 'binary')),
  };
}
