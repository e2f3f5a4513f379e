import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { pipeline, Transform } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server as it is seen from far away. */
export interface Distance {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Stands before a server on loopback, on a free port, and hands on each way what came `delay` ms ago. A new connection
 * costs a round trip more, as the handshake of TCP would; the bandwidth has no limit.
 */
export async function startDistance(target: string, delay: number): Promise<Distance> {
  const { hostname, port, protocol } = new URL(target);
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  const server = net.createServer({ noDelay: true }, (client) => {
    keep(client);
    client.on('error', () => client.destroy());
    void sleep(2 * delay).then(() => {
      const upstream = net.connect({ port: Number(port), host: hostname, noDelay: true });
      keep(upstream);
      pipeline(client, delayed(delay), upstream, () => upstream.destroy());
      pipeline(upstream, delayed(delay), client, () => client.destroy());
    });
  });
  await once(server.listen(0, 'localhost'), 'listening');
  return {
    url: `${protocol}//${hostname}:${(server.address() as AddressInfo).port}`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Takes the next bytes while others are on their way; node fires timers of one length in their order. */
function delayed(delay: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      setTimeout(() => this.push(chunk), delay);
      done();
    },
    flush(done) {
      setTimeout(done, delay);
    },
  });
}
