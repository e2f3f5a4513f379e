import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Forwarding } from './forwarding.ts';
import { hopByHop } from './hop-by-hop.ts';

/** What a client may not say about itself, since backends believe it; and `Expect`, which is answered here. */
const untrusted = /^(?:forwarded|x-forwarded|x-forwarded-.*|x-real-ip|expect)$/;

/**
 * The fields for the backend. `Host` is the public one: registries write token realms and `Location` from `Host` or
 * `X-Forwarded-*`, some from one and some from the other, so both must name the address that the client can reach.
 * `Authorization` passes unless there is another: the backend does its own login.
 */
export function requestHeaders(req: IncomingMessage, how: Forwarding): IncomingHttpHeaders {
  const { origin, client, authorization, body } = how;
  const dropped = hopByHop(req.headers.connection);
  const kept = Object.entries(req.headers).filter(([name]) => !dropped.has(name) && !untrusted.test(name));
  const [protocol = '', host = ''] = origin.split('://');
  const headers: IncomingHttpHeaders = {
    ...Object.fromEntries(kept),
    ...(typeof authorization === 'string' && { authorization }),
    ...(body && { 'content-length': String(body.byteLength) }),
    host,
    'x-forwarded-for': client,
    'x-forwarded-host': host,
    'x-forwarded-proto': protocol,
  };
  if (authorization === null) delete headers.authorization;
  return isChunked(req) && !body ? { ...headers, 'transfer-encoding': 'chunked' } : headers;
}

/** True when the body's end is marked and not counted; Node refuses requests that do both (RFC 9112 6.1). */
export function isChunked(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined;
}

/** Calls the library, which copies `req.headers` at once; others must go on reading there what the client sent. */
export function lendHeaders(req: IncomingMessage, headers: IncomingHttpHeaders, call: () => void): void {
  const own = req.headers;
  req.headers = headers;
  try {
    call();
  } finally {
    req.headers = own;
  }
}
