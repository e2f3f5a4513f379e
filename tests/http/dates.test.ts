import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendRaw } from '../support/forwarding.ts';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';

/** A backend that tells no time, and one that nobody is at. */
const backend = http.createServer((_, res) => {
  res.sendDate = false;
  res.end('hello');
});
const REQUESTS = [
  ['GET', '/v2/', 401],
  ['GET', '/v2/token', 401],
  ['POST', '/v2/token', 400],
  ['GET', '/v2/own/a/manifests/1', 401],
  ['GET', '/v2/own/UPPER/manifests/1', 400],
  ['DELETE', '/v2/', 405],
  ['GET', '/v1/search', 401],
  ['GET', '/api/v1/upstreams', 401],
  ['GET', '/metrics', 200],
  ['GET', '/healthz', 200],
  ['GET', '/readyz', 200],
  ['GET', '/', 200],
  ['GET', '/ca.crt', 200],
  ['GET', '/setup', 200],
  ['GET', '/setup/docker.sh', 200],
  ['GET', '/nothing', 404],
] as const;
const WITH_LOGIN = [
  ['GET', '/v2/', 200],
  ['GET', '/v2/token', 200],
  ['GET', '/v2/a/manifests/1', 404],
  ['HEAD', '/v2/a/manifests/1', 404],
  ['POST', '/v2/a/blobs/uploads/', 202],
  ['GET', '/v2/_catalog', 200],
  ['GET', '/api/v1/upstreams', 200],
] as const;

let place: Place;
let gateway: LocalGateway;
beforeAll(async () => {
  place = await createLoopback();
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const { port } = backend.address() as AddressInfo;
  gateway = await startLocalGateway(place, {
    hosts: {
      localhost: { read: 'own', write: 'own', web: true },
      'theirs.test': { read: `http://127.0.0.1:${port}`, write: 'http://127.0.0.1:1' },
    },
    repositories: { own: { type: 'hosted' } },
  });
});
afterAll(async () => {
  await gateway.stop();
  backend.close();
  await place.close();
});

const tellsTheTime = (date: string | undefined): void => {
  expect(date).toMatch(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
};

test.each(REQUESTS)('%s %s, which is %i', async (method, path, status) => {
  const reply = await gateway.ask(path, { method });
  expect(reply.status).toBe(status);
  tellsTheTime(reply.headers.date);
});

test.each(WITH_LOGIN)('%s %s with a login, which is %i', async (method, path, status) => {
  const reply = await gateway.ask(path, { method, headers: { authorization: basic(gateway.admin) } });
  expect(reply.status).toBe(status);
  tellsTheTime(reply.headers.date);
});

test.each([
  ['/ca.crt', 200],
  ['/setup', 200],
  ['/v2/', 308],
])('%s over plain HTTP, which is %i', async (path, status) => {
  const reply = await gateway.plain.ask(path);
  expect(reply.status).toBe(status);
  tellsTheTime(reply.headers.date);
});

test.each([
  ['GET', 200],
  ['POST', 502],
])('%s that is forwarded to who tells no time, which is %i', async (method, status) => {
  const reply = await gateway.ask('/v2/a/blobs/uploads/', { method, headers: { host: 'theirs.test' } });
  expect(reply.status).toBe(status);
  tellsTheTime(reply.headers.date);
});

test.each(['no HTTP at all\r\n\r\n', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`])(
  'what is no request (%#)',
  async (bytes) => {
    const text = await sendRaw(gateway.plain.port, bytes);
    tellsTheTime(/^Date: (.*)\r$/m.exec(text)?.[1]);
  },
);
