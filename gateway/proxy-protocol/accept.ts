import type { Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { plainAddress, type IsTrusted } from '../trusted-proxies.ts';
import { readHeader, type Client } from './header.ts';

/** Who introduces connections, and who is told of those that were refused. */
export interface ProxyProtocol {
  /** Connections from there must begin with a PROXY header; those from elsewhere have none. */
  readonly isTrusted: IsTrusted;
  readonly onRefused: (peer: string, reason: string) => void;
}

/** A proxy sends its header at once; whoever has not after this, in ms, does not know that it should. */
const patience = 10_000;

type Receive = (socket: Socket) => void;

/**
 * Lets a server that does not listen yet read PROXY headers: what its connections say of their other end
 * (`remoteAddress`, `remotePort`) is then what the header said. The server gets the connection itself, not a stream
 * around it, so that what follows the header is read as fast as without one.
 */
export function acceptHeaders(server: Server, { isTrusted, onRefused }: ProxyProtocol): void {
  const receivers = server.listeners('connection') as Receive[];
  server.removeAllListeners('connection');
  const receive: Receive = (socket) => {
    for (const each of receivers) each.call(server, socket);
  };
  const introduced = new Introductions(server);
  server.on('connection', (socket: Socket) => {
    const peer = plainAddress(socket.remoteAddress);
    if (!isTrusted(peer)) {
      receive(socket);
      return;
    }
    awaitHeader(socket, {
      pass(client) {
        if (client) introduced.note(socket, client);
        receive(socket);
      },
      refuse(reason) {
        socket.destroy();
        if (reason !== undefined) onRefused(peer, reason);
      },
    });
  });
}

interface Verdict {
  readonly pass: (client: Client | undefined) => void;
  /** `reason` undefined: it has gone of its own accord. */
  readonly refuse: (reason?: string) => void;
}

/** Reads the header off a connection and puts back what came after it. */
function awaitHeader(socket: Socket, { pass, refuse }: Verdict): void {
  let bytes: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => {
    leave();
    refuse('it sent no PROXY header in time');
  }, patience);
  const read = (): void => {
    const piece = socket.read() as Buffer | null;
    if (piece === null) return;
    bytes = Buffer.concat([bytes, piece]);
    const header = readHeader(bytes);
    if (header === 'incomplete') return;
    leave();
    if (header === 'malformed') refuse('it did not begin with a PROXY header');
    else {
      const rest = bytes.subarray(header.length);
      if (rest.length > 0) socket.unshift(rest);
      pass(header.client);
    }
  };
  // Whoever only looks whether the port is open goes without a word.
  const gone = (): void => {
    leave();
    refuse();
  };
  const leave = (): void => {
    clearTimeout(timer);
    socket.off('readable', read).off('end', gone).off('close', gone).off('error', gone);
  };
  socket.on('readable', read).once('end', gone).once('close', gone).once('error', gone);
}

/** Tells the sockets that requests come by who is at their other end. */
class Introductions {
  /** Of connections whose TLS has not begun; the socket that decrypts is another one than the one that was introduced. */
  readonly #waiting = new Map<string, Client>();

  constructor(server: Server) {
    server.on('secureConnection', (socket: TLSSocket) => {
      const client = this.#waiting.get(endsOf(socket));
      if (client) say(socket, client);
    });
  }

  note(socket: Socket, client: Client): void {
    const ends = endsOf(socket);
    this.#waiting.set(ends, client);
    socket.once('close', () => this.#waiting.delete(ends));
    say(socket, client);
  }
}

/** No two open connections have the same. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return [remoteAddress, remotePort, localAddress, localPort].join(' ');
}

function say(socket: Socket, { address, port }: Client): void {
  Object.defineProperties(socket, { remoteAddress: { value: address }, remotePort: { value: port } });
}
