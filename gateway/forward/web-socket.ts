import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { backendPath } from './backend-path.ts';
import type { Forwarding } from './forwarding.ts';
import { hopByHop } from './hop-by-hop.ts';
import { createProxyServer, type Line } from './library.ts';
import { BackendTimeout, limit } from './limits.ts';
import { lendHeaders, requestHeaders } from './request-headers.ts';

/** A request to switch protocols, as a server gives it away with its socket. */
export interface Upgrade {
  readonly req: IncomingMessage;
  readonly socket: Duplex;
  /** What came after the request in the same packet. */
  readonly head: Buffer;
}

/** Joins a client's WebSocket to the backend's until either side ends; anything but a WebSocket is cut. RFC 6455. */
export function joinWebSocket(line: Line, idleTimeout: number, upgrade: Upgrade, how: Forwarding): void {
  const { req, socket, head } = upgrade;
  let answered = false;
  // The server has let go of the socket: an error on it, which nobody else hears, would end the process.
  socket.on('error', () => socket.destroy());
  const library = createProxyServer(line);
  library.on('proxyReqWs', (sent) => {
    sent.path = backendPath(req.url ?? '/', how.address);
    sent.once('socket', () => {
      limit(sent, socket, idleTimeout);
    });
    socket.once('close', () => sent.destroy());
    whenAnswered(sent, socket, () => (answered = true));
  });
  const headers = { ...requestHeaders(req, how), connection: 'Upgrade', upgrade: req.headers.upgrade };
  lendHeaders(req, headers, () => {
    library.ws(req, socket, head, {}, (fault) => {
      if (!answered) socket.end(noAnswer(fault));
    });
  });
}

function whenAnswered(sent: ClientRequest, socket: Duplex, note: () => void): void {
  sent.once('response', (reply) => {
    note();
    // The library writes these fields and then the body without its framing, so that only the end marks its end.
    const dropped = hopByHop(reply.headers.connection);
    const kept = Object.entries(reply.headers).filter(([name]) => !dropped.has(name));
    reply.headers = { ...Object.fromEntries(kept), connection: 'close' };
    reply.once('error', () => socket.destroy());
  });
  sent.once('upgrade', (_, other) => {
    note();
    endWith(socket, other);
    endWith(other, socket);
  });
}

/** The library joins the ends of both sockets, but not the end of one that was cut. */
function endWith(first: Duplex, second: Duplex): void {
  first.once('close', () => second.end(() => second.destroy()));
}

function noAnswer(fault: Error): string {
  const status = fault instanceof BackendTimeout ? '504 Gateway Timeout' : '502 Bad Gateway';
  return `HTTP/1.1 ${status}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}
