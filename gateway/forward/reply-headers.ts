import type { IncomingMessage } from 'node:http';
import type { Forwarding } from './forwarding.ts';
import { hopByHop } from './hop-by-hop.ts';
import { publicLinks, publicLocation, publicRealm } from './locations.ts';

/** The fields for the client, by name in the backend's own spelling; repeated ones stay repeated. */
export function replyHeaders(reply: IncomingMessage, how: Forwarding): Map<string, readonly string[]> {
  const dropped = hopByHop(reply.headers.connection);
  const headers = new Map<string, readonly string[]>();
  const spelling = new Map<string, string>();
  for (let at = 0; at + 1 < reply.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = reply.rawHeaders.slice(at, at + 2);
    const lower = name.toLowerCase();
    if (dropped.has(lower)) continue;
    const first = spelling.get(lower) ?? name;
    spelling.set(lower, first);
    headers.set(first, [...(headers.get(first) ?? []), publicValue(lower, value, how)]);
  }
  return headers;
}

function publicValue(name: string, value: string, how: Forwarding): string {
  if (name === 'www-authenticate') return publicRealm(value, how);
  if (!how.rewriteLocations) return value;
  return name === 'location' ? publicLocation(value, how) : name === 'link' ? publicLinks(value, how) : value;
}
