import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

type Handle = (req: IncomingMessage, res: ServerResponse) => void;

/** What goes on at a server: who is connected, and what is being answered. */
export class Traffic {
  readonly #connections = new Set<Duplex>();
  readonly #answers = new Map<ServerResponse, IncomingMessage>();

  /** `handle`, watched from now on. */
  watched(handle: Handle): Handle {
    return (req, res) => {
      this.#answers.set(res, req);
      res.once('close', () => this.#answers.delete(res));
      handle(req, res);
    };
  }

  /** Begins to watch the connections of a server that does not listen yet. */
  follow(server: Server): void {
    server.on('connection', (socket: Duplex) => {
      this.#connections.add(socket);
      socket.once('close', () => this.#connections.delete(socket));
    });
  }

  /** True when the head of an answer is out on this connection, and its end is not. */
  isAnswering(socket: Duplex): boolean {
    return [...this.#answers].some(([res, req]) => req.socket === socket && res.headersSent);
  }

  /** True when the client has said all, and we are at work on the answer: its silence is not idleness. */
  isOurTurn(socket: Duplex): boolean {
    return [...this.#answers].some(([res, req]) => req.socket === socket && req.complete && !res.headersSent);
  }

  /** Ends, once nothing is being answered, the connections that have asked nothing, or not to the end. */
  endSilent(): void {
    if (this.#answers.size > 0) return;
    for (const socket of this.#connections) socket.destroy();
  }
}
