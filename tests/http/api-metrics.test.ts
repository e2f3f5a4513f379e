import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { networkInterfaces } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCachingGateway, type CachingGateway } from '../support/caching-gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';

const dev = { user: 'dev', password: 'password of dev' };
const trustedProxy = '127.0.0.2';

let place: Place;
let both: CachingGateway;
beforeAll(async () => {
  place = await createLoopback();
  both = await startCachingGateway(place, { trustedProxies: [trustedProxy] });
  await both.gateway.addUser(dev.user, dev.password);
});
afterAll(async () => {
  await both.stop();
  await place.close();
});

interface Sender {
  /** The address of the gateway that is connected to. */
  readonly to?: string;
  readonly from?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function metrics({ to = '127.0.0.1', from = to, headers = {} }: Sender = {}) {
  const { port, ca } = both.gateway;
  const options = { host: to, localAddress: from, port, path: '/metrics', ca, servername: 'localhost' };
  const sent = https.get({ ...options, headers, agent: false });
  const [reply] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: reply.statusCode, type: reply.headers['content-type'], body: await text(reply) };
}

/** An address of this machine that is not loopback; a packet to it does not leave the machine all the same. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((each) => each !== undefined && !each.internal && each.family === 'IPv4')?.address;

test.each<[string, Sender, number]>([
  ['from here', {}, 200],
  ['from here by IPv6', { to: '::1' }, 200],
  ['from another loopback address', { from: '127.0.0.9' }, 200],
  [
    'by a trusted proxy here for somebody',
    { from: trustedProxy, headers: { 'x-forwarded-for': '192.0.2.1' } },
    401,
  ],
  [
    'by a trusted proxy here for itself',
    { from: trustedProxy, headers: { 'x-forwarded-for': '127.0.0.1' } },
    401,
  ],
  ['by a proxy here that is not known', { headers: { forwarded: 'for=192.0.2.1' } }, 401],
  ['by a proxy here that says nothing but its name', { headers: { via: '1.1 x' } }, 401],
])('the metrics %s', async (_, sender, status) => {
  expect((await metrics(sender)).status).toBe(status);
});

test.skipIf(outside === undefined)('the metrics from elsewhere: the role admin', async () => {
  const to = outside ?? '';
  expect((await metrics({ to })).status).toBe(401);
  expect((await metrics({ to, headers: { 'x-forwarded-for': '127.0.0.1' } })).status).toBe(401);
  expect((await metrics({ to, headers: { authorization: basic(dev) } })).status).toBe(403);
  expect((await metrics({ to, headers: { authorization: basic(both.gateway.admin) } })).status).toBe(200);
});

test('are those of the process, of requests and of upstreams, in the form of Prometheus', async () => {
  const { gateway, upstream } = both;
  await seedImage(upstream, 'team/tool', '1');
  const headers = { authorization: basic(gateway.admin) };
  const status = async (path: string, method = 'GET'): Promise<number> =>
    (await gateway.ask(path, { method, headers })).status;
  expect(await status('/v2/team/tool/manifests/1')).toBe(200);
  expect(await status('/v2/team/tool/manifests/2', 'HEAD')).toBe(404);
  expect(await status('/v2/team/tool/manifests/2', 'HEAD')).toBe(404);

  const { body, type } = await metrics();
  expect(type).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(body).toMatch(/^process_cpu_seconds_total [\d.]+$/m);
  expect(body).toMatch(/^dockgate_requests_total\{operation="manifest-get",status="200"\} 1$/m);
  expect(body).toMatch(/^dockgate_requests_total\{operation="manifest-get",status="404"\} 2$/m);
  expect(body).toMatch(/^dockgate_upstream_set_aside\{repository="hub",url="[^"]+"\} 0$/m);
  expect(body).toMatch(/^dockgate_upstream_offline\{repository="hub"\} 0$/m);
  expect(body).toMatch(
    /^dockgate_upstream_requests_total\{repository="hub",method="[A-Z]+",outcome="[^"]+"\} \d+$/m,
  );
  expect(body).toMatch(/^dockgate_upstream_received_bytes_total\{repository="hub"\} \d+$/m);
  expect(body).toMatch(/^dockgate_fills_running\{repository="hub"\} 0$/m);
  expect(body).toMatch(/^dockgate_wrong_digests_total\{repository="hub"\} 0$/m);
  expect(body).toMatch(/^dockgate_cache_bytes\{repository="hub"\} \d+$/m);
  // No limit is configured, and no upstream has said one.
  expect(body).not.toMatch(/^dockgate_cache_limit_bytes\{/m);
  // Every series belongs to a metric that is explained.
  const explained = new Set([...body.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  for (const [, name = ''] of body.matchAll(/^([a-z]\w*)/gm))
    expect(explained.has(name.replace(/_(?:bucket|sum|count)$/, '')) || explained.has(name)).toBe(true);
});
