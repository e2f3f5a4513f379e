import { BlockList, isIP, isIPv6 } from 'node:net';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The host of a URL without the brackets of IPv6. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/** True for 127.0.0.0/8 and ::1, where docker verifies no certificate. */
export function isLoopback(address: string): boolean {
  return isIP(address) !== 0 && loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** True for what other machines cannot know: an address, `localhost`, a name without a dot. */
export function isInternal(host: string): boolean {
  return isIP(host) !== 0 || host === 'localhost' || !host.includes('.');
}
