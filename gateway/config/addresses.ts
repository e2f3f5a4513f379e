import { isIP, isIPv6 } from 'node:net';
import type { AddressRange } from './config.ts';
import { BadValue } from './errors.ts';

/** An IP address to bind. Throws BadValue. */
export function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new BadValue('is not an IP address; write for example 127.0.0.1 or ::1');
  return text;
}

/** A range of addresses in CIDR notation (RFC 4632, RFC 4291); a single address is a range of one. Throws BadValue. */
export function parseRange(text: string): AddressRange {
  const [address = '', length, ...rest] = text.split('/');
  const bits = isIPv6(address) ? 128 : 32;
  const prefix = length === undefined ? bits : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  if (isIP(address) === 0 || rest.length > 0 || !(prefix <= bits)) {
    throw new BadValue('is not an address range; write for example 10.0.0.0/8, 127.0.0.1 or fd00::/8');
  }
  return { address, prefix, family: bits === 128 ? 'ipv6' : 'ipv4' };
}
