import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** What an echo server saw of a request. */
export interface Echo {
  /** Which of the servers. */
  readonly backend: number;
  readonly method: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Servers that answer with what reached them. */
export interface EchoServers extends AsyncDisposable {
  readonly ports: readonly number[];
}

/** Starts so many servers on loopback, each answering 200 with an Echo as JSON. */
export async function startEchoServers(count: number): Promise<EchoServers> {
  const servers = await Promise.all(Array.from({ length: count }, (_, index) => startEcho(index)));
  return {
    ports: servers.map((server) => (server.address() as AddressInfo).port),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map(stop));
    },
  };
}

async function startEcho(backend: number): Promise<http.Server> {
  const server = http.createServer((request, reply) => {
    const { method, url, headers } = request;
    request.resume().once('end', () => {
      reply.setHeader('echo', 'yes');
      reply.end(JSON.stringify({ backend, method, uri: url, headers }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

async function stop(server: http.Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
