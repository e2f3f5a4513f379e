import type { X509Certificate } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { domainToASCII } from 'node:url';
import { CertificateError } from './certificate-error.ts';

// Underscores are no hostname by RFC 952, but Windows and compose files use them and clients accept them.
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
const SUBJECT_ALTERNATIVE = /(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g;

/**
 * The one spelling of a hostname, wildcard host or address: lower case, A-labels, shortest IPv6, no brackets.
 * Throws a CertificateError when no certificate can carry the name.
 */
export function canonicalName(name: string): string {
  const bare = name.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const canonical = isIP(bare) ? canonicalAddress(bare) : canonicalHost(bare);
  if (canonical === undefined) {
    throw new CertificateError(
      `'${name}' cannot stand in a certificate: give a hostname such as registry.example, *.example, or an IP address, without scheme, port or zone`,
    );
  }
  return canonical;
}

function canonicalAddress(address: string): string | undefined {
  if (isIPv4(address)) return address;
  return address.includes('%') ? undefined : new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function canonicalHost(host: string): string | undefined {
  const wildcard = host.startsWith('*.') ? '*.' : '';
  const rest = host.slice(wildcard.length);
  const ascii = /^[\x20-\x7e]*$/.test(rest) ? rest.toLowerCase() : domainToASCII(rest);
  const labels = ascii.split('.');
  // Clients read a host that ends in a number as an address (WHATWG URL, 3.5), so it never matches as a name.
  const readable = labels.every((label) => LABEL.test(label)) && !/^\d+$/.test(labels.at(-1) ?? '');
  return readable && ascii.length + wildcard.length <= 253 ? wildcard + ascii : undefined;
}

/** The wanted names in their one spelling, in the order given, each once; throws a CertificateError when there is none. */
export function canonicalNames(names: readonly string[]): string[] {
  const canonical = [...new Set(names.map(canonicalName))];
  if (canonical.length === 0) {
    throw new CertificateError('a certificate needs at least one name: configure a host');
  }
  return canonical;
}

/** The names that a certificate holds for, in their one spelling: DNS and IP entries of subjectAltName (RFC 5280, 4.2.1.6). */
export function namesIn(certificate: X509Certificate): string[] {
  const entries = (certificate.subjectAltName ?? '').matchAll(SUBJECT_ALTERNATIVE);
  return Array.from(entries, ([, , value = '']) => {
    const name = value.startsWith('"') ? String(JSON.parse(value)) : value;
    return isIP(name) ? (canonicalAddress(name) ?? name) : name.toLowerCase();
  });
}

/**
 * What this machine is called from outside and inside: its hostname and the addresses of its interfaces, loopback
 * included. Link-local IPv6 addresses are left out, because nobody can type one without its zone.
 */
export function machineNames(): string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((bound) => bound ?? [])
    .map(({ address }) => address)
    .filter((address) => !/^fe[89ab]/i.test(address));
  const host = canonicalHost(hostname());
  return [...new Set([...(host === undefined ? [] : [host]), ...addresses.map(canonicalName)])];
}
