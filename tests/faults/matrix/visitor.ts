import { once } from 'node:events';
import type http from 'node:http';
import https from 'node:https';
import type { LocalGateway } from '../../support/gateway.ts';
import { basic } from '../../support/realm.ts';

/** What a client met with; the status is 0 when the connection was closed without an answer. */
export interface Seen {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** False when the connection broke before the end. */
  readonly isWhole: boolean;
}

/**
 * Long after everything that the gateway may wait for here (below a second each, six times for a blob): a client that
 * is still waiting hangs.
 */
const PATIENCE = 25_000;

/** Clients of the hosts of a gateway, logged in as admin, on connections that are kept. */
export class Visitor {
  readonly #gateway: LocalGateway;
  readonly #agent: https.Agent;

  constructor(gateway: LocalGateway) {
    this.#gateway = gateway;
    this.#agent = new https.Agent({ keepAlive: true, ca: gateway.ca ?? '' });
  }

  /** Asks a host for a path; undefined when it hangs. */
  async get(host: string, path: string): Promise<Seen | undefined> {
    const authorization = basic(this.#gateway.admin);
    const headers = { host: `${host}:${this.#gateway.port}`, authorization };
    const signal = AbortSignal.timeout(PATIENCE);
    const options = { agent: this.#agent, servername: 'localhost', headers, signal };
    const sent = https.request(new URL(path, this.#gateway.url), options).end();
    try {
      const [answer] = (await once(sent, 'response')) as [http.IncomingMessage];
      return await read(answer);
    } catch {
      if (signal.aborted) return undefined;
      return { status: 0, headers: {}, body: Buffer.alloc(0), isWhole: false };
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function read(answer: http.IncomingMessage): Promise<Seen> {
  const pieces: Buffer[] = [];
  let isWhole = true;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece);
  } catch (fault) {
    if (fault instanceof Error && fault.name === 'AbortError') throw fault;
    isWhole = false;
  }
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces), isWhole };
}
