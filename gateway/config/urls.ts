import { BadValue } from './errors.ts';

/**
 * The http or https URL of another server, with or without a path, without a slash at the end of it.
 * Throws BadValue, also for credentials, query and fragment; no message repeats the URL, for it may hold a password.
 */
export function parseServerUrl(text: string): URL {
  const url = /^https?:\/\/[^/]/i.test(text) ? URL.parse(text) : null;
  if (url === null) {
    throw new BadValue('is not the URL of a server; write it in full, such as https://registry.example.org');
  }
  if (url.search !== '' || url.hash !== '') throw new BadValue('has a "?" or "#"; write the URL without it');
  if (url.username !== '' || url.password !== '') {
    throw new BadValue(
      'has credentials in it; leave them out: an upstream takes them as keys, username and password, and behind a host the clients log in themselves',
    );
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** The URL of a registry without the /v2/ that every request adds. Throws BadValue. */
export function parseRegistryUrl(text: string): URL {
  const url = parseServerUrl(text);
  if (/\/v[12]$/.test(url.pathname)) {
    throw new BadValue('ends in the version of the API; leave out /v2, it is added to every request');
  }
  return url;
}

/**
 * The proxy on the way out, `http://proxy:3128`; without a scheme it is http, as in HTTP_PROXY. It may have
 * credentials, so no message repeats it. Throws BadValue.
 */
export function parseOutboundProxy(text: string): URL {
  if (/^socks/i.test(text)) throw new BadValue('is a SOCKS proxy; only http and https proxies can be used');
  const url = URL.parse(text.includes('://') ? text : `http://${text}`);
  const rest = url && url.pathname + url.search + url.hash;
  if (url === null || !/^https?:$/.test(url.protocol) || rest !== '/') {
    throw new BadValue(
      'is not the URL of a proxy; write for example http://proxy.example.org:3128, and "/", "?", "#" and "@" of a password as %2F, %3F, %23 and %40',
    );
  }
  return url;
}

/** The positions of URLs that stand in a list already, and of the first of their kind. */
export function findRepeated(urls: readonly URL[]): { index: number; first: number }[] {
  const hrefs = urls.map(({ href }) => href);
  return hrefs
    .map((href, index) => ({ index, first: hrefs.indexOf(href) }))
    .filter(({ index, first }) => first < index);
}

/** How several addresses of an upstream are written. */
export const listOfAddresses = 'a list: upstream: [https://a.example.org, https://b.example.org]';

/** The URL of a proxy's upstream; `docker.io` becomes the server that holds its registry. Throws BadValue. */
export function parseUpstream(text: string): URL {
  if (/[,\s]+https?:/.test(text)) {
    throw new BadValue(`has several addresses in one text; write ${listOfAddresses}`);
  }
  const url = parseRegistryUrl(text);
  if (url.hostname === 'docker.io') url.hostname = 'registry-1.docker.io';
  return url;
}
