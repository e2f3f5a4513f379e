import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { BadValue } from './errors.ts';

const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * A host as clients may name it: a lower-case DNS name (RFC 1123), `*.` and one, or an IP address in its canonical
 * form without brackets. Throws BadValue for anything else, with the advice that fits.
 */
export function parseHostname(text: string): string {
  const host = text.toLowerCase();
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIPv6(bare)) return canonicalIPv6(bare);
  if (isIPv4(host)) return host;
  refuseCommonMistakes(host);
  const labels = host.replace(/^\*\./, '').split('.');
  const last = labels.at(-1) ?? '';
  if (host.length > 253 || !labels.every((part) => label.test(part)) || /^\d+$/.test(last)) {
    throw new BadValue('is not a host name or IP address; write for example idocker.io or *.example.org');
  }
  return host;
}

function canonicalIPv6(address: string): string {
  if (address.includes('%')) throw new BadValue('has a zone; write the address without %…');
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function refuseCommonMistakes(host: string): void {
  if (/^[a-z]+:\/\//.test(host)) {
    throw new BadValue('is a URL; write the host name alone, without https:// and path');
  }
  if (/:\d*$/.test(host)) {
    throw new BadValue(
      'has a port; write the host name alone, and set the port with listen.https or give one repository a port of its own under connectors',
    );
  }
  if (/[^\0-\x7f]/.test(host)) {
    const ascii = domainToASCII(host);
    throw new BadValue(
      `is not plain ASCII; write the form that clients send${ascii === '' ? ', which starts with xn--' : `: ${ascii}`}`,
    );
  }
}
