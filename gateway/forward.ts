import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, getCACertificates } from 'node:tls';
import { exchange, type Attempt } from './forward/exchange.ts';
import type { Forwarding } from './forward/forwarding.ts';
import type { Line } from './forward/library.ts';
import { joinWebSocket } from './forward/web-socket.ts';

export type { Attempt } from './forward/exchange.ts';
export type { Forwarding } from './forward/forwarding.ts';

/** Passes requests on to backends that somebody else runs. */
export interface Forwarder {
  /**
   * Sends the request, streams the answer back; fulfils when the client has it or is gone. Never throws. A backend that
   * gives no answer is a 502 or 504; one that breaks off its answer ends the client's connection. The server must leave
   * `Expect: 100-continue` to it (`checkContinue`). Several attempts, of which the first that counts is passed on, are for
   * requests without a body that change nothing.
   */
  forward(req: IncomingMessage, res: ServerResponse, how: Forwarding | readonly Attempt[]): Promise<void>;
  /** Joins a WebSocket to the backend's; the arguments are those of the server's `upgrade`. Never throws. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, how: Forwarding): void;
  /** Cuts every exchange and WebSocket that is still open. */
  close(): void;
}

/** What all backends have in common. */
export interface ForwarderOptions {
  /** After how many ms without a byte on either side an exchange is ended; an hour when left out. */
  readonly idleTimeout?: number;
  /** PEM of an authority that is trusted besides the usual ones. */
  readonly ca?: string | undefined;
  /** What the backends know us by; PEM. */
  readonly clientCertificate?: { readonly cert: string; readonly key: string } | undefined;
}

/** A backend may be silent for long while it puts the pieces of a large layer together. */
const defaultIdleTimeout = 3_600_000;

/** Shorter than any usual server waits: a connection that it closes just as we use it would cost a request. */
const keptFor = 4_000;

/** Makes a forwarder with connections of its own, which are kept between requests. */
export function createForwarder(options: ForwarderOptions = {}): Forwarder {
  const { idleTimeout = defaultIdleTimeout } = options;
  const agents = createAgents(options);
  const upgraded = new Set<Duplex>();
  return {
    forward: (req, res, how) => {
      const attempts = 'address' in how ? [how] : how;
      return exchange(attempts, (each) => lineTo(each.address, agents), idleTimeout, req, res);
    },
    upgrade(req, socket, head, how) {
      upgraded.add(socket);
      socket.once('close', () => upgraded.delete(socket));
      joinWebSocket(lineTo(how.address, agents), idleTimeout, { req, socket, head }, how);
    },
    close() {
      agents['http:'].destroy();
      agents['https:'].destroy();
      for (const socket of upgraded) socket.destroy();
    },
  };
}

interface Agents {
  readonly 'http:': http.Agent;
  readonly 'https:': https.Agent;
}

function createAgents({ ca, clientCertificate }: ForwarderOptions): Agents {
  const kept = { keepAlive: true, timeout: keptFor };
  // Made once: reading some hundred authorities for every connection takes longer than the connection.
  const trust =
    ca === undefined && !clientCertificate
      ? {}
      : {
          secureContext: createSecureContext({
            ...clientCertificate,
            ...(ca !== undefined && { ca: [...getCACertificates('default'), ca] }),
          }),
        };
  return { 'http:': new http.Agent(kept), 'https:': new https.Agent({ ...kept, ...trust }) };
}

function lineTo({ protocol, hostname, port }: Readonly<URL>, agents: Agents): Line {
  const secure = protocol === 'https:';
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return {
    target: { protocol, host, hostname: host, port: Number(port) || (secure ? 443 : 80) },
    agent: secure ? agents['https:'] : agents['http:'],
    // Left alone, Node would ask for, and check, a certificate of the name in Host, which is ours and not the backend's.
    ssl: { servername: isIP(host) === 0 ? host : '' },
    // The path is set later, see backendPath; this keeps the library from parsing it, which can throw.
    toProxy: true,
    prependPath: false,
  };
}
