import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { constraintsExtension, constraintsIn } from './name-constraints-der.ts';
import { octetsOf } from './octets.ts';
import type { Extension } from './sign.ts';

/** The extension that keeps a CA to `names` (canonical) and what is under them; a kind of which there is none is excluded. */
export function constrainedTo(names: readonly string[]): Extension {
  const domains = names.filter((name) => !isIP(name)).map((name) => name.replace(/^\*\./, ''));
  const addresses = names.filter((name) => isIP(name)).map(octetsOf);
  return constraintsExtension({
    permitted: {
      domains: [...new Set(domains)],
      addresses: addresses.map((octets) => Buffer.concat([octets, Buffer.alloc(octets.length, 0xff)])),
    },
    excluded: {
      // The empty name is above all domains, the mask 0 takes in all addresses.
      domains: domains.length === 0 ? [''] : [],
      addresses: addresses.length === 0 ? [Buffer.alloc(8), Buffer.alloc(32)] : [],
    },
  });
}

/** Whether every CA of a chain may certify a name (canonical). */
export function mayCertify(chain: readonly X509Certificate[], name: string): boolean {
  return chain.every((certificate) => {
    const constraints = constraintsIn(certificate);
    if (constraints === undefined) return true;
    const { permitted, excluded } = constraints;
    if (!isIP(name)) return passes(permitted.domains, excluded.domains, (domain) => isUnder(name, domain));
    const octets = octetsOf(name);
    return passes(permitted.addresses, excluded.addresses, (range) => isIn(octets, range));
  });
}

/** Whether a CA is kept to some names. */
export function isConstrained(certificate: X509Certificate): boolean {
  return constraintsIn(certificate) !== undefined;
}

function passes<Entry>(permitted: Entry[], excluded: Entry[], holds: (entry: Entry) => boolean): boolean {
  return !excluded.some(holds) && (permitted.length === 0 || permitted.some(holds));
}

/** A domain with a leading dot stands for what is under it without itself, as OpenSSL reads it. */
function isUnder(name: string, domain: string): boolean {
  return domain === '' || name === domain || name.endsWith(domain.startsWith('.') ? domain : `.${domain}`);
}

function isIn(octets: Buffer, range: Buffer): boolean {
  const [address, mask] = [range.subarray(0, octets.length), range.subarray(octets.length)];
  if (mask.length !== octets.length) return false;
  return octets.every((octet, at) => ((octet ^ (address[at] ?? 0)) & (mask[at] ?? 0)) === 0);
}
