import { BlockList, isIP } from 'node:net';
import type { Outbound } from './settings.ts';

/**
 * The proxy through which a URL is asked for, if any; as with curl, each scheme has its own. `noProxy` lists, apart by
 * commas or spaces: hosts (which stand for all that is under them too), `*.suffixes`, addresses and `*`, each with a
 * `:port` if need be, and ranges of addresses in CIDR form.
 */
export function proxyFor(outbound: Outbound | undefined, url: URL): URL | undefined {
  // undici's EnvHttpProxyAgent knows no ranges, falls back to the environment, and does not tell which proxy it took,
  // which our messages name.
  const proxy = url.protocol === 'https:' ? outbound?.httpsProxy : outbound?.httpProxy;
  const exempt = (outbound?.noProxy ?? '').split(/[,\s]+/).filter((entry) => entry !== '');
  return proxy && !exempt.some((entry) => covers(entry.toLowerCase(), url)) ? proxy : undefined;
}

function covers(entry: string, url: URL): boolean {
  const host = plain(url.hostname);
  if (entry.includes('/')) return isInRange(host, entry);
  const { name, port } = split(entry);
  const ownPort = url.port === '' ? { 'https:': '443', 'http:': '80' }[url.protocol] : url.port;
  if (port !== undefined && port !== ownPort) return false;
  if (name === '*') return true;
  const suffix = name.replace(/^\*?\./, '');
  return (host === suffix && !name.startsWith('*')) || (isIP(host) === 0 && host.endsWith(`.${suffix}`));
}

/** An IPv6 address has colons of its own and needs brackets where a port follows. */
function split(entry: string): { name: string; port: string | undefined } {
  const [, host = entry, port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(entry) ?? [];
  return { name: plain(host), port };
}

function isInRange(host: string, entry: string): boolean {
  const [, base = '', bits = ''] = /^([^/]*)\/(\d{1,3})$/.exec(entry) ?? [];
  const [family, most] = isIP(base) === 6 ? (['ipv6', 128] as const) : (['ipv4', 32] as const);
  if (isIP(host) === 0 || isIP(base) === 0 || Number(bits) > most) return false;
  const range = new BlockList();
  range.addSubnet(base, Number(bits), family);
  return range.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');
}

/** Without the brackets of an IPv6 address and the dot that ends a full name. */
function plain(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1').replace(/(?<=.)\.$/, '');
}
