import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

/** A proxy on the way out: CONNECT for https, whole addresses for http. */
export interface ForwardProxy {
  readonly url: URL;
  /** What it was asked for: `CONNECT 127.0.0.1:5000`, `GET http://127.0.0.1:5000/v2/`. */
  readonly asked: readonly string[];
  /** The Proxy-Authorization of each. */
  readonly logins: readonly (string | undefined)[];
  /** How many connections clients have to it. */
  open(): number;
}

/** How it behaves; what is left out is the usual way. */
export interface ForwardProxyOptions {
  /** The status that it refuses with; undefined when it does what it is asked for. */
  readonly refuse?: number;
  /** It takes connections and says nothing. */
  readonly silent?: boolean;
  /** It speaks https itself. */
  readonly tls?: https.ServerOptions;
  /** Called for each client that has spoken TLS with it. */
  readonly onSecure?: (socket: TLSSocket) => void;
}

/** Starts a proxy on a free port of loopback; it ends with the test. */
export async function startForwardProxy(options: ForwardProxyOptions = {}): Promise<ForwardProxy> {
  const asked: string[] = [];
  const logins: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  const note = (request: http.IncomingMessage): void => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    logins.push(request.headers['proxy-authorization']);
  };
  const server = options.tls ? https.createServer(options.tls) : http.createServer();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', options.onSecure ?? (() => undefined));
  server.on('connect', (request: http.IncomingMessage, client: Socket) => {
    note(request);
    client.on('error', () => undefined);
    if (options.silent) {
      // Who does not read does not see that the other side has left.
      client.resume().on('end', () => client.end());
      return;
    }
    if (options.refuse !== undefined) client.end(`HTTP/1.1 ${options.refuse} Refused\r\n\r\n`);
    else tunnel(request.url ?? '', client);
  });
  server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
    note(request);
    if (options.silent) return;
    if (options.refuse !== undefined) response.writeHead(options.refuse).end();
    else forward(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  });
  const { port } = server.address() as AddressInfo;
  const url = new URL(`${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`);
  return { url, asked, logins, open: () => sockets.size };
}

function tunnel(target: string, client: Socket): void {
  const { hostname, port } = new URL(`http://${target}`);
  const upstream = net.connect(Number(port), hostname, () => {
    client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    pipeline(client, upstream, client, () => undefined);
  });
  upstream.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
}

function forward(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { method, headers } = request;
  const onward = http.request(request.url ?? '', { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response, () => undefined);
  });
  onward.on('error', () => response.writeHead(502).end());
  onward.end();
}
