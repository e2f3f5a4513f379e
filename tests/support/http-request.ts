import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { buffer } from 'node:stream/consumers';
import tls from 'node:tls';
import type { Place } from './place.ts';

/** One reply, read to its end. */
export interface Reply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What to ask; `ca` is PEM text, without it the machine's own trust decides. */
export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  readonly ca?: string;
}

/** Sends one HTTP request to a server at that place, on a connection of its own, and reads the reply whole. */
export async function request(place: Place, address: string | URL, ask: Ask = {}): Promise<Reply> {
  const url = new URL(address);
  const secure = url.protocol === 'https:';
  const plain = await place.connect(url.hostname, Number(url.port || (secure ? 443 : 80)));
  const trust = ask.ca === undefined ? {} : { ca: ask.ca };
  // SNI carries names only; for an address the certificate is checked against `host`.
  const peer = isIP(url.hostname) === 0 ? { servername: url.hostname } : { host: url.hostname };
  const socket = secure ? tls.connect({ socket: plain, ...peer, ...trust }) : plain;
  return await new Promise((resolve, reject) => {
    // Given a socket, node names port 80 in Host also under https, and a Location then leads there.
    const headers = { host: url.host, connection: 'close', ...ask.headers };
    const options = { method: ask.method ?? 'GET', headers };
    const sent = (secure ? https : http).request(url, { ...options, createConnection: () => socket });
    sent.once('error', reject).once('response', (reply) => {
      buffer(reply).then((body) => {
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body });
      }, reject);
    });
    sent.end(ask.body);
  });
}
