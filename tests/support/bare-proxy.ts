import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import httpProxy from 'http-proxy';
import { onTestFinished } from 'vitest';

/** What the bare library reported. */
export interface BareProxy {
  readonly port: number;
  readonly faults: readonly Error[];
}

/** Starts http-proxy as its own manual shows it, to see what it does by itself; it ends with the test. */
export async function startBareProxy(target: URL, options: httpProxy.ServerOptions = {}): Promise<BareProxy> {
  const faults: Error[] = [];
  const proxy = httpProxy.createProxyServer({ target: target.href, ...options });
  const server = http.createServer((req, res) => {
    proxy.web(req, res, {}, (fault) => {
      faults.push(fault);
      res.writeHead(502).end();
    });
  });
  server.on('upgrade', (req, socket, head) => {
    proxy.ws(req, socket, head, {}, (fault) => faults.push(fault));
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, faults };
}
