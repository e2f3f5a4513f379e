import type { Proxied } from '../reading/index.ts';
import type { Probe } from './probes.ts';

/** What a backend cannot be written as, and why. */
export interface NoAddress {
  readonly why: string;
}

/**
 * The addresses of a backend as URLs, those that stand by at the end, with the path that was put in front of the
 * request's own.
 */
export function addressesOf(outcome: Proxied, probe: Probe): readonly string[] | NoAddress {
  const { scheme, addresses, upstream, uri } = outcome;
  if (!uri.endsWith(probe.uri))
    return { why: `the path is changed on the way: ${probe.uri} is sent as ${uri}` };
  const base = uri.slice(0, -probe.uri.length).replace(/\/+$/, '');
  const standby = upstream?.servers.filter(({ backup, down }) => backup && !down) ?? [];
  const all = [...addresses, ...standby.map(({ address }) => address)];
  const socket = all.find((each) => each.startsWith('unix:'));
  if (socket !== undefined)
    return {
      why: `${socket} is a socket file, and Dockgate speaks to addresses: let the server listen on a port, too`,
    };
  const urls = [...new Set(all.map((address) => urlOf(scheme, address, base)))];
  const [bad] = urls.filter((each) => URL.parse(each) === null || /[?#]/.test(each));
  if (bad !== undefined) return { why: `${bad} is not the address of a server` };
  return urls.length === 0 ? { why: 'the upstream has no server that is not down' } : urls;
}

/** Without the port that the scheme has anyway. */
function urlOf(scheme: string, address: string, base: string): string {
  const standard = scheme === 'https' ? /:443$/ : /:80$/;
  return `${scheme}://${address.replace(standard, '')}${base}`;
}
