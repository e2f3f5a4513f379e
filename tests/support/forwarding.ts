import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished } from 'vitest';
import { createForwarder, type Forwarding, type ForwarderOptions } from '../../gateway/forward.ts';
import type { Facts } from '../../registry/index.ts';

type Listener = (req: http.IncomingMessage, res: http.ServerResponse) => void;

/** A backend of one test; it ends with the test. */
export interface Backend {
  readonly address: URL;
  /** Every request, in the order they came. */
  readonly seen: readonly http.IncomingMessage[];
  /** How many connections were ever opened to it. */
  connections(): number;
  readonly server: http.Server;
}

/** A gateway that only forwards. */
export interface Front {
  readonly port: number;
  /** Every request as it was after the forwarder had begun with it. */
  readonly requests: readonly http.IncomingMessage[];
  /** What each exchange left for the log, in the order they began. */
  readonly facts: readonly Facts[];
  /** Fulfils when every exchange that has begun is over. */
  readonly settled: () => Promise<void>;
  readonly close: () => void;
}

/** The public origin and the client that the fronts of these tests claim. */
export const origin = 'https://old.example';
export const client = '198.51.100.7';

async function listen(server: http.Server | net.Server, address = '127.0.0.1'): Promise<number> {
  server.listen(0, address);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function endWithTest(server: http.Server): void {
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
}

/** Starts a backend that answers as the listener does; with `tls` (PEM) it speaks https. */
export async function startBackend(
  listener: Listener,
  tls?: { readonly cert: string; readonly key: string },
): Promise<Backend> {
  const seen: http.IncomingMessage[] = [];
  const note: Listener = (req, res) => {
    seen.push(req);
    listener(req, res);
  };
  const server = tls ? https.createServer(tls, note) : http.createServer(note);
  let connections = 0;
  server.on(tls ? 'secureConnection' : 'connection', () => (connections += 1));
  endWithTest(server);
  const port = await listen(server);
  const address = new URL(`${tls ? 'https' : 'http'}://127.0.0.1:${port}`);
  return { address, seen, connections: () => connections, server };
}

/** A server that deals with bytes; it ends with the test. */
export async function startRawBackend(onSocket: (socket: net.Socket) => void): Promise<URL> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  return new URL(`http://127.0.0.1:${await listen(server)}`);
}

/** Starts a gateway in front of one address; it ends with the test. */
export async function startFront(
  address: URL,
  how: Partial<Forwarding> = {},
  options: ForwarderOptions = {},
): Promise<Front> {
  const forwarder = createForwarder(options);
  const [facts, exchanges]: [Facts[], Promise<void>[]] = [[], []];
  const forwarding = (): Forwarding => {
    const own: Facts = {};
    facts.push(own);
    return { address, origin, client, rewriteLocations: true, facts: own, ...how };
  };
  const requests: http.IncomingMessage[] = [];
  const handler: Listener = (req, res) => {
    exchanges.push(forwarder.forward(req, res, forwarding()));
    requests.push(req);
  };
  const server = http.createServer(handler).on('checkContinue', handler);
  server.on('upgrade', (req: http.IncomingMessage, socket: Duplex, head: Buffer) => {
    forwarder.upgrade(req, socket, head, forwarding());
  });
  const close = (): void => {
    forwarder.close();
  };
  onTestFinished(close);
  endWithTest(server);
  const settled = async (): Promise<void> => {
    await Promise.all(exchanges);
  };
  return { port: await listen(server), requests, facts, settled, close };
}

/** A reply, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

/** Sends one request to a front, `agent` false for a connection of its own; the path goes out as it is written. */
export async function send(
  port: number,
  path: string,
  options: http.RequestOptions & { readonly body?: string } = {},
): Promise<Answer> {
  const { body, ...rest } = options;
  const sent = http.request({ host: '127.0.0.1', port, path, agent: false, ...rest });
  sent.end(body);
  // An answer may come before all is sent, and then the rest has nowhere to go.
  sent.once('response', () => sent.on('error', () => undefined));
  const [reply] = (await once(sent, 'response')) as [http.IncomingMessage];
  const text = (await buffer(reply)).toString();
  return { status: reply.statusCode ?? 0, headers: reply.headers, text };
}

/** Sends bytes as they are and gives all that comes back until the other side ends; one side may keep talking. */
export async function sendRaw(port: number, bytes: string): Promise<string> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.write(bytes);
  const parts: Buffer[] = [];
  socket.on('data', (part: Buffer) => parts.push(part));
  await once(socket, 'close');
  return Buffer.concat(parts).toString('latin1');
}

/** Expects something of a value that is still to come; a busy machine may take its time. */
export function eventually<T>(read: () => T): ReturnType<typeof expect.poll<T>> {
  return expect.poll(read, { timeout: 20_000 });
}
