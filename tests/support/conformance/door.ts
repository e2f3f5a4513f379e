import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import type { HeaderLine } from './row.ts';

/** A request as it goes out; `body` undefined: none. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly HeaderLine[];
  readonly body: string | undefined;
}

/** A reply as it came, every header line by itself. */
export interface Got {
  readonly status: number;
  readonly headers: readonly HeaderLine[];
  readonly body: Buffer;
}

/** Sends one request with the credentials of whoever opened the door. */
export type Send = (sent: Sent) => Promise<Got>;

/** Makes the header `Authorization` for requests about these names. */
export type Authorize = (send: Send, names: readonly string[]) => Promise<string | undefined>;

/** An address that speaks the registry's protocol. */
export interface Door {
  /** Credentials for these names, as a client would get them. */
  open(names: readonly string[]): Promise<Send>;
  close(): void;
}

/** Where a door is, and how its header `Authorization` is made. */
export interface DoorOptions {
  readonly port: number;
  /** What the client calls it; with `ca`, PEM, it speaks TLS. */
  readonly host: string;
  readonly ca?: string;
  readonly authorize: Authorize;
}

/** Makes a door on this machine's loopback. */
export function createDoor({ port, host, ca, authorize }: DoorOptions): Door {
  const agent =
    ca === undefined
      ? new http.Agent({ keepAlive: true })
      : new https.Agent({ keepAlive: true, ca, servername: host });
  const send = (sent: Sent, authorization: string | undefined): Promise<Got> => {
    const own = sent.headers.some(([name]) => name.toLowerCase() === 'authorization');
    const credentials: HeaderLine[] =
      own || authorization === undefined ? [] : [['Authorization', authorization]];
    const lines: HeaderLine[] = [['Host', host], ...credentials, ...sent.headers];
    const headers = lines.filter(([, value]) => value !== '-').flat();
    const options = { host: '127.0.0.1', port, agent, method: sent.method, path: sent.path, headers };
    return exchange(ca === undefined ? http.request(options) : https.request(options), sent);
  };
  return {
    async open(names) {
      const authorization = await authorize((sent) => send(sent, undefined), names);
      return (sent) => send(sent, authorization);
    },
    close() {
      agent.destroy();
    },
  };
}

/** A body without `Content-Length` among its headers goes out in chunks. */
async function exchange(request: http.ClientRequest, { body }: Sent): Promise<Got> {
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  if (body === undefined) request.end();
  // A reply may come before all was sent; what happens to the rest is of no interest then.
  else pipeline(Readable.from([Buffer.from(body)]), request).catch(() => undefined);
  const reply = await answered;
  request.on('error', () => undefined);
  const { rawHeaders } = reply;
  const headers = rawHeaders.flatMap((name, at): HeaderLine[] =>
    at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : [],
  );
  return { status: reply.statusCode ?? 0, headers, body: await buffer(reply) };
}
