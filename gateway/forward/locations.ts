import { basePath } from './backend-path.ts';
import type { Forwarding } from './forwarding.ts';

type Ends = Pick<Forwarding, 'address' | 'origin'>;

/** A `Location` as the client must follow it: relative when it leads to the backend, else as it is. RFC 9110 10.2.2. */
export function publicLocation(location: string, ends: Ends): string {
  const path = pathHere(location, ends);
  // Relative, `//x` would be the host x.
  return path?.startsWith('//') ? ends.origin + path : (path ?? location);
}

/** A `Link` field, each of its targets like a `Location`. RFC 8288 3. */
export function publicLinks(links: string, ends: Ends): string {
  return links.replaceAll(/<([^>]*)>/g, (_, target: string) => `<${publicLocation(target, ends)}>`);
}

/** A `WWW-Authenticate` field whose token realm is no longer at an address that only we can reach. */
export function publicRealm(challenge: string, ends: Ends & Pick<Forwarding, 'publicRealm'>): string {
  return challenge.replaceAll(/(\brealm=")(https?:\/\/[^"]*)"/gi, (_, start: string, realm: string) => {
    if (ends.publicRealm) return `${start}${ends.publicRealm(realm) ?? realm}"`;
    const path = pathHere(realm, ends);
    return `${start}${path === undefined ? realm : ends.origin + path}"`;
  });
}

/** The path, without the base path, that asks us for what a URL of the backend names; undefined if it leads elsewhere. */
function pathHere(url: string, ends: Ends): string | undefined {
  const [, scheme = '', authority, rest = ''] = /^(https?:)?\/\/([^/?#]*)(.*)$/is.exec(url) ?? [];
  if (authority === undefined) return url.startsWith('/') ? withoutBase(url, ends) : undefined;
  if (!leadsHere(`${scheme || new URL(ends.origin).protocol}//${authority}`, ends)) return undefined;
  return withoutBase(rest.startsWith('/') ? rest : `/${rest}`, ends);
}

function withoutBase(path: string, { address }: Ends): string {
  const base = basePath(address);
  if (base === '' || !path.startsWith(base) || !/^(?:[/?#]|$)/.test(path.slice(base.length))) return path;
  const rest = path.slice(base.length);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/**
 * Whether it is the backend's own address or ours. The scheme does not count, for backends mix it up, and of ours the
 * port may be missing or be the backend's. Another port is another server, such as a blob store on the same machine.
 */
export function leadsHere(text: string, { address, origin }: Ends): boolean {
  const url = URL.parse(text);
  const ours = new URL(origin);
  if (url?.hostname === ours.hostname && ['', ours.port, address.port].includes(url.port)) return true;
  return url?.hostname === address.hostname && url.port === address.port;
}
