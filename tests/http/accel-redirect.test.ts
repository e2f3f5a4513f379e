import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';

const PROXY = '127.0.0.1';
const STRANGER = '127.0.0.2';
const ON = { 'x-dockgate-accel': 'on' };
const content = Buffer.alloc(200_000, 'growing');

let place: Place;
let gateway: LocalGateway;
let digest: string;
let size: number;
let upstream: http.Server;
/** Lets the upstream send the second half. */
let goOn: () => void;

beforeAll(async () => {
  place = await createLoopback();
  const half = new Promise<void>((resolve) => (goOn = resolve));
  upstream = http.createServer((req, res) => {
    const head = { 'Docker-Distribution-Api-Version': 'registry/2.0' };
    if (!req.url?.includes('/blobs/')) {
      res.writeHead(200, head).end();
      return;
    }
    res.writeHead(200, { ...head, 'Content-Length': content.length });
    res.write(content.subarray(0, 100_000));
    void half.then(() => res.end(content.subarray(100_000)));
  });
  upstream.listen(0, PROXY);
  await once(upstream, 'listening');
  const { port } = upstream.address() as AddressInfo;
  gateway = await startLocalGateway(place, {
    hosts: { localhost: { read: 'hosted', write: 'hosted' } },
    repositories: {
      hosted: { type: 'hosted' },
      cache: { type: 'proxy', upstream: `http://${PROXY}:${port}` },
    },
    connectors: { [await freePort()]: { repository: 'hosted' }, [await freePort()]: { repository: 'cache' } },
    trustedProxies: [PROXY],
    accelRedirect: '/dockgate-blobs/',
  });
  const { layers } = await seedImage(gateway, 'team/app', '1', { layers: [100_000] });
  digest = layers[0]?.digest ?? '';
  size = layers[0]?.bytes.length ?? 0;
});
afterAll(async () => {
  await gateway.stop();
  upstream.closeAllConnections();
  upstream.close();
  await place.close();
});

interface Asked {
  readonly from?: string;
  readonly method?: string;
  readonly repository?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks for a blob over plain HTTP, from that address. */
async function ask(
  path: string,
  { from = PROXY, method = 'GET', repository = 'hosted', headers = {} }: Asked = {},
): Promise<http.IncomingMessage> {
  const { port } = gateway.connector(repository);
  const authorization = basic(gateway.admin);
  const request = http.request({
    host: PROXY,
    port,
    localAddress: from,
    path,
    method,
    headers: { authorization, ...headers },
  });
  onTestFinished(() => void request.destroy());
  request.end();
  const [reply] = (await once(request, 'response')) as [http.IncomingMessage];
  return reply;
}

const blob = (): string => `/v2/team/app/blobs/${digest}`;

describe('a trusted proxy that says that it sends files', () => {
  test('is told where the file is, and everything about it but its bytes', async () => {
    const reply = await ask(blob(), { headers: ON });
    const [hex = ''] = digest.split(':').slice(1);
    expect([reply.statusCode, (await buffer(reply)).length]).toEqual([200, 0]);
    expect(reply.headers).toMatchObject({
      'x-accel-redirect': `/dockgate-blobs/sha256/${hex.slice(0, 2)}/${hex}`,
      'content-type': 'application/octet-stream',
      'docker-content-digest': digest,
      etag: `"${digest}"`,
      'dockgate-member': 'hosted',
      'content-length': '0',
    });
    const entry = await gateway.logged({ status: 200, headers: reply.headers, body: Buffer.alloc(0) });
    expect(entry).toMatchObject({ digest, delegated: true });
    const file = await stat(join(gateway.data, 'blobs', 'sha256', hex.slice(0, 2), hex));
    expect([file.size, (file.mode & 0o777).toString(8)]).toEqual([size, '640']);
  });

  test('is told so for a range too, which is for it to cut', async () => {
    const reply = await ask(blob(), { headers: { ...ON, range: 'bytes=5-9' } });
    expect([reply.statusCode, reply.headers['content-range']]).toEqual([200, undefined]);
    expect(reply.headers['x-accel-redirect']).toBeDefined();
  });

  test.each([
    ['HEAD', { method: 'HEAD' }, 200],
    ['what the client has', { headers: { 'if-none-match': '*' } }, 304],
    ['a range beyond the end', { headers: { range: 'bytes=999999999-' } }, 416],
  ])('is not bothered with %s', async (_, how: Asked, status) => {
    const reply = await ask(blob(), { ...how, headers: { ...how.headers, ...ON } });
    expect([reply.statusCode, reply.headers['x-accel-redirect']]).toEqual([status, undefined]);
    if (status === 200) expect(reply.headers['content-length']).toBe(String(size));
    if (status === 416) expect((await buffer(reply)).toString()).toContain('"errors"');
  });

  test('gets the bytes of a blob that is still on its way here', async () => {
    const growing = `/v2/x/blobs/sha256:${createHash('sha256').update(content).digest('hex')}`;
    const reply = await ask(growing, { repository: 'cache', headers: ON });
    expect([reply.statusCode, reply.headers['x-accel-redirect']]).toEqual([200, undefined]);
    await once(reply, 'readable');
    goOn();
    expect((await buffer(reply)).equals(content)).toBe(true);
    const again = await ask(growing, { repository: 'cache', headers: ON });
    expect(again.headers['x-accel-redirect']).toMatch(/^\/dockgate-blobs\/sha256\//);
  });
});

test.each([
  ['a stranger who forges the signal', { from: STRANGER, headers: ON }],
  ['a trusted proxy that says nothing', {}],
  ['a trusted proxy that says something else', { headers: { 'x-dockgate-accel': 'off' } }],
])('%s gets the bytes', async (_, how: Asked) => {
  const reply = await ask(blob(), how);
  expect([reply.statusCode, reply.headers['x-accel-redirect']]).toEqual([200, undefined]);
  expect((await buffer(reply)).length).toBe(size);
});
