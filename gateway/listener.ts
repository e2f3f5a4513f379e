import {
  createServer as createHttp,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps, type Server as HttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { contextFinder, presenting, type FindContext, type KeyPairs } from './key-pairs.ts';
import { acceptHeaders, type ProxyProtocol } from './proxy-protocol/accept.ts';
import { Traffic } from './traffic.ts';

/** What a listener does; `tls` undefined for plain HTTP, port 0 for any free one. */
export interface ListenerSettings {
  readonly port: number;
  readonly address: string | undefined;
  readonly tls: KeyPairs | undefined;
  readonly handle: (req: IncomingMessage, res: ServerResponse) => void;
  readonly webSockets?: WebSockets;
  /** Undefined: connections begin with what the client says. */
  readonly proxyProtocol?: ProxyProtocol | undefined;
}

/** Who takes WebSockets; every other Upgrade is passed over and answered as a plain request. RFC 9110 7.8. */
export interface WebSockets {
  readonly isWanted: (req: IncomingMessage) => boolean;
  readonly join: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** A port that is open. */
export interface Listener {
  readonly port: number;
  /** Presents other certificates to who connects from now on; connections that are open go on. Nothing with plain HTTP. */
  present(pairs: KeyPairs): void;
  /** Takes no new requests and fulfils when those under way are answered. */
  drain(): Promise<void>;
  /** Ends every connection now. */
  destroy(): void;
}

/** A port that could not be opened; the message says what to do. */
class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** All headers must be here in this time, in ms: slow-loris ends. */
const headersTimeout = 30_000;
/**
 * A connection on which nothing moves in either direction is closed after this, in ms. It is the only limit on a
 * transfer: one that moves may take for ever. Longer than an upstream may let us wait.
 */
const idleTimeout = 180_000;
const keepAliveTimeout = 75_000;

/** Opens a port. Throws ListenError. */
export async function listen(settings: ListenerSettings): Promise<Listener> {
  const traffic = new Traffic();
  const handle = traffic.watched(settings.handle);
  const options = { ...limits, shouldUpgradeCallback: wanted(settings.webSockets) };
  const secure = settings.tls && httpsServer(settings.tls, options, handle);
  const server = secure?.server ?? createHttp(options, handle);
  if (settings.proxyProtocol) acceptHeaders(server, settings.proxyProtocol);
  // After that, so that a connection is followed from its first byte on.
  traffic.follow(server);
  server.setTimeout(idleTimeout, (socket) => {
    // Gigabytes on their way to a slow disk take their time.
    if (traffic.isOurTurn(socket)) socket.setTimeout(idleTimeout);
    else socket.destroy();
  });
  // Without this Node asks for every body before anybody has looked at the credentials.
  server.on('checkContinue', handle);
  // Left alone, Node refuses an expectation it does not know, without JSON. RFC 9110 10.1.1 lets us pass over it.
  server.on('checkExpectation', handle);
  if (settings.webSockets) server.on('upgrade', settings.webSockets.join);
  server.on('clientError', (fault: NodeJS.ErrnoException, socket: Duplex) => {
    // Words of ours in the middle of a blob would be taken for a part of it.
    if (traffic.isAnswering(socket)) socket.destroy();
    else answerMalformed(fault, socket);
  });
  await open(server, settings);
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : settings.port,
    present(pairs) {
      secure?.present(pairs);
    },
    drain: () => drain(server, traffic),
    destroy() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const limits = {
  headersTimeout,
  // Node would end every upload after five minutes.
  requestTimeout: 0,
  keepAliveTimeout,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 32 * 1024,
  // Node's own refusal has no JSON; whoever reads the host refuses.
  requireHostHeader: false,
  noDelay: true,
};

function wanted(webSockets: WebSockets | undefined): (req: IncomingMessage) => boolean {
  return (req) => /^websocket$/i.test(req.headers.upgrade ?? '') && (webSockets?.isWanted(req) ?? false);
}

/** A server with TLS, and how it comes by other certificates. */
interface SecureServer {
  readonly server: HttpsServer;
  present(pairs: KeyPairs): void;
}

function httpsServer(pairs: KeyPairs, options: ServerOptions, handle: RequestListener): SecureServer {
  let findContext: FindContext = contextFinder(pairs);
  const tls = {
    ...presenting(pairs.main),
    SNICallback: (host: string, done: (fault: null, context?: SecureContext) => void) => {
      done(null, findContext(host));
    },
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: headersTimeout,
  };
  const server = createHttps({ ...options, ...tls }, handle);
  return {
    server,
    present(next) {
      server.setSecureContext(presenting(next.main));
      findContext = contextFinder(next);
    },
  };
}

function open(server: Server, { port, address }: ListenerSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (fault: NodeJS.ErrnoException) => {
      reject(new ListenError(explain(fault, port), { cause: fault }));
    });
    server.listen({ port, ...(address !== undefined && { host: address }) }, resolve);
  });
}

function explain(fault: NodeJS.ErrnoException, port: number): string {
  switch (fault.code) {
    case 'EACCES':
      return (
        `no right to listen on port ${port}: start as root, or give Node the right with ` +
        `"setcap cap_net_bind_service=+ep ${process.execPath}", or choose other ports with --https 8443 --http 8080`
      );
    case 'EADDRINUSE':
      return `port ${port} is taken by another program: end that, or choose other ports with --https 8443 --http 8080`;
    default:
      return `cannot listen on port ${port}: ${fault.message}`;
  }
}

/** Lets a server take no new requests; fulfils when those under way are answered. */
export function drain(server: Server, traffic: Traffic): Promise<void> {
  return new Promise((resolve) => {
    // Connections that are kept alive become idle one after the other; on some nothing was ever asked.
    const sweep = setInterval(() => {
      server.closeIdleConnections();
      traffic.endSilent();
    }, 100);
    server.close(() => {
      clearInterval(sweep);
      resolve();
    });
  });
}

/** Nothing ever answers without JSON, not even to what is no HTTP. */
function answerMalformed(fault: NodeJS.ErrnoException, socket: Duplex): void {
  if (fault.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] =
    fault.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'the headers are too large']
      : fault.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'the headers did not come in time']
        : ['400 Bad Request', 'malformed HTTP request'];
  const body = JSON.stringify({ errors: [{ code: 'UNSUPPORTED', message }] });
  socket.end(
    `HTTP/1.1 ${status}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
