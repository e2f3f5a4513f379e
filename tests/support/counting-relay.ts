import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';

/** Stands on loopback between a client and a server, counts what comes from the server, and can keep it back. */
export interface CountingRelay {
  /** The server's address with the relay's port in place of its own. */
  readonly url: string;
  /** Bytes of the server's answers, headers included, that were passed on so far. */
  passed(): number;
  /** After at least `count` bytes more nothing is passed on, over no connection, until `release`. */
  holdAfter(count: number): void;
  /** True when the last of those bytes has come by. */
  isHolding(): boolean;
  release(): void;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Bytes that come by, over every connection. */
class Gate {
  passed = 0;
  #limit = Infinity;
  #open = Promise.withResolvers<undefined>();

  get isHolding(): boolean {
    return this.passed >= this.#limit;
  }

  holdAfter(count: number): void {
    this.#limit = this.passed + count;
  }

  release(): void {
    this.#limit = Infinity;
    this.#open.resolve(undefined);
    this.#open = Promise.withResolvers();
  }

  /** What one connection's bytes go through. */
  passage(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        void this.#turn().then(() => {
          this.passed += chunk.length;
          done(null, chunk);
        });
      },
    });
  }

  async #turn(): Promise<void> {
    while (this.isHolding) await this.#open.promise;
  }
}

/** Starts a relay to a server on loopback, on a free port. */
export async function startCountingRelay(target: string): Promise<CountingRelay> {
  const { hostname, port, protocol } = new URL(target);
  const gate = new Gate();
  const sockets = new Set<Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }
    const passage = gate.passage();
    // A client that is gone wants nothing more, and a server that is gone has nothing more: both go together.
    pipeline(client, upstream, () => upstream.destroy());
    pipeline(upstream, passage, client, () => client.destroy());
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const own = (server.address() as AddressInfo).port;
  return {
    url: `${protocol}//${hostname}:${own}`,
    passed: () => gate.passed,
    holdAfter(count) {
      gate.holdAfter(count);
    },
    isHolding: () => gate.isHolding,
    release() {
      gate.release();
    },
    async close() {
      gate.release();
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}
