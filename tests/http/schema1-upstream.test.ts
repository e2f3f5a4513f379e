import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { request } from '../support/http-request.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { verifySchema1 } from '../support/schema1.ts';
import { seedImage } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';
import { reply, startScripted } from '../unit/upstream/scripted.ts';

const signedType = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const path = '/v2/team/app/manifests/old';

let place: Place;
let upstream: Upstream;
/** A schema 1 manifest as Dockgate makes it, whose digest is that of `payload`. */
let bytes: Buffer;
let payload: Buffer;

beforeAll(async () => {
  place = await createLoopback();
  upstream = await createUpstream(place, { schema1: true });
  const maker = await startLocalGateway(place, {
    hosts: { localhost: { read: 'mine', write: 'mine' } },
    repositories: { mine: { type: 'hosted' } },
    compatibility: { schema1: true },
  });
  await seedImage(maker, 'team/app', 'old', { layers: [1000] });
  const made = await maker.ask(path, { headers: { authorization: basic(maker.admin) } });
  bytes = made.body;
  payload = verifySchema1(bytes).payload;
  await maker.stop();
});
afterAll(async () => {
  await upstream.stop();
  await place.close();
});

/** A gateway that reads from one upstream, for the length of a test. */
async function proxyOf(url: string, schema1: boolean): Promise<LocalGateway> {
  const gateway = await startLocalGateway(place, {
    hosts: { localhost: { read: 'hub' } },
    repositories: { hub: { type: 'proxy', upstream: url, library: false, tagMaxAge: '0s' } },
    compatibility: { schema1 },
  });
  onTestFinished(() => gateway.stop());
  return gateway;
}

function ask(gateway: LocalGateway, what = path, accept = '*/*', method = 'GET') {
  return gateway.ask(what, { method, headers: { authorization: basic(gateway.admin), accept } });
}

function sha256(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

/** An upstream with this manifest under every tag and digest, and what it was asked. */
async function startOld(manifest: () => Buffer, digest: string) {
  const accepts: string[] = [];
  const { url } = await startScripted((asked, response) => {
    accepts.push(asked.headers.accept ?? '');
    const headers = { 'content-type': `${signedType}; charset=utf-8`, 'docker-content-digest': digest };
    reply(response, 200, headers, asked.method === 'HEAD' ? '' : manifest());
  });
  return { url, accepts };
}

test("Docker's own registry accepts the signature, and its schema 1 passes through with the layers", async () => {
  const image = await seedImage(upstream, 'team/app', 'new', { layers: [1000] });
  const own = await proxyOf(upstream.url, true);
  const converted = await own.ask('/v2/team/app/manifests/new', {
    headers: { authorization: basic(own.admin) },
  });
  const put = await request(place, `${upstream.url}/v2/team/app/manifests/new`, {
    method: 'PUT',
    headers: { 'content-type': signedType },
    body: converted.body,
  });
  expect([put.status, put.headers['docker-content-digest']]).toEqual([
    201,
    converted.headers['docker-content-digest'],
  ]);
  const gateway = await proxyOf(upstream.url, true);
  const pulled = await ask(gateway, '/v2/team/app/manifests/new');
  expect([pulled.status, pulled.headers['content-type']]).toEqual([200, signedType]);
  expect(pulled.headers['docker-content-digest']).toBe(put.headers['docker-content-digest']);
  expect(verifySchema1(pulled.body).payload).toEqual(verifySchema1(converted.body).payload);
  const layer = image.layers[0]?.digest ?? '';
  expect(sha256((await ask(gateway, `/v2/team/app/blobs/${layer}`)).body)).toBe(layer);
});

test('schema 1 of an upstream is kept byte for byte, by tag and by digest', async () => {
  const { url, accepts } = await startOld(() => bytes, sha256(payload));
  const gateway = await proxyOf(url, true);
  for (const what of [path, path, `/v2/team/app/manifests/${sha256(payload)}`]) {
    const got = await ask(gateway, what);
    expect([got.status, got.headers['content-type'], got.body]).toEqual([200, signedType, bytes]);
    expect(got.headers['docker-content-digest']).toBe(sha256(payload));
    const head = await ask(gateway, what, '*/*', 'HEAD');
    expect(head.headers['content-length']).toBe(String(bytes.length));
  }
  for (const accept of accepts) expect(accept).toMatch(/index\.v1\+json, .*v1\+prettyjws, [^,]*v1\+json$/);
});

test.each([
  ['whose digest is of something else', () => Buffer.from(bytes.toString().replace('"old"', '"odd"'))],
  ['without signatures', () => payload],
  [
    'whose signatures are cut',
    () => Buffer.from(bytes.toString().replace(/"protected": "../, '"protected": "')),
  ],
])('schema 1 %s is refused as a bad answer', async (_what, damaged) => {
  const { url } = await startOld(damaged, sha256(payload));
  expect((await ask(await proxyOf(url, true))).status).toBe(502);
});

test('it is not asked for and refused unless it is switched on', async () => {
  const { url, accepts } = await startOld(() => bytes, sha256(payload));
  expect((await ask(await proxyOf(url, false))).status).toBe(502);
  expect(accepts.join()).not.toContain('v1+prettyjws');
});
