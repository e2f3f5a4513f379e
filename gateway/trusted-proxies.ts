import { BlockList, isIPv6 } from 'node:net';
import type { AddressRange } from './config/index.ts';

/** Whether an address, as `plainAddress` writes it, is that of a proxy whose word is believed. */
export type IsTrusted = (address: string) => boolean;

/** Makes the question whether an address is in one of the ranges. */
export function trustIn(ranges: readonly AddressRange[]): IsTrusted {
  const proxies = new BlockList();
  for (const { address, prefix, family } of ranges) proxies.addSubnet(address, prefix, family);
  return (address) =>
    ranges.length > 0 && address !== '' && proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** The address of a peer; an IPv4 address is written as one, also where the socket is an IPv6 one. RFC 4291 2.5.5.2. */
export function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '');
}
