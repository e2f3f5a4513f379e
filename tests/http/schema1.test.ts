import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import type { Image } from '../support/image.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { verifySchema1 } from '../support/schema1.ts';
import { seedImage, seedIndex } from '../support/seed-image.ts';

const signedType = 'application/vnd.docker.distribution.manifest.v1+prettyjws';
const plainType = 'application/vnd.docker.distribution.manifest.v1+json';
const emptyLayer = 'sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4';

const settings = {
  hosts: { localhost: { read: 'all', write: 'mine' } },
  repositories: {
    mine: { type: 'hosted' },
    all: { type: 'group', members: ['mine'], writable: 'mine' },
  },
};

let place: Place;
let on: LocalGateway;
let off: LocalGateway;
let image: Image;
let docker: Image;

beforeAll(async () => {
  place = await createLoopback();
  on = await startLocalGateway(place, { ...settings, compatibility: { schema1: true } });
  off = await startLocalGateway(place, settings);
  image = await seedImage(on, 'team/app', '1', { layers: [1000, 2000] });
  docker = await seedImage(on, 'team/app', 'docker', { mediaTypes: 'docker' });
  await seedImage(off, 'team/app', '1');
});
afterAll(async () => {
  await on.stop();
  await off.stop();
  await place.close();
});

/** Asks for a manifest of team/app; without `accept` no Accept is sent. */
function ask(gateway: LocalGateway, reference: string, accept?: string, method = 'GET') {
  const headers = { authorization: basic(gateway.admin), ...(accept !== undefined && { accept }) };
  return gateway.ask(`/v2/team/app/manifests/${reference}`, { method, headers });
}

test.each([
  ['no Accept', undefined],
  ['the types of schema 1', `${signedType}, ${plainType}`],
  ['JSON alone', 'application/json'],
])('a client with %s gets a signed schema 1 manifest', async (_what, accept) => {
  const reply = await ask(on, '1', accept);
  expect([reply.status, reply.headers['content-type'], reply.headers.vary]).toEqual([
    200,
    signedType,
    'Accept',
  ]);
  const { manifest, payload } = verifySchema1(reply.body);
  const digest = `sha256:${createHash('sha256').update(payload).digest('hex')}`;
  expect(reply.headers['docker-content-digest']).toBe(digest);
  expect(manifest).toMatchObject({ schemaVersion: 1, name: 'team/app', tag: '1', architecture: 'amd64' });
  expect(manifest.fsLayers.map(({ blobSum }) => blobSum)).toEqual(
    image.layers.map((layer) => layer.digest).toReversed(),
  );
  expect(JSON.parse(manifest.history[0]?.v1Compatibility ?? '')).toMatchObject({
    config: { Cmd: ['/none'] },
  });
});

test('Docker schema 2 is converted too', async () => {
  const { manifest } = verifySchema1((await ask(on, 'docker')).body);
  expect(manifest.fsLayers).toEqual([{ blobSum: docker.layers[0]?.digest }]);
});

test.each([
  'application/vnd.docker.distribution.manifest.v2+json',
  `${signedType}, application/vnd.oci.image.manifest.v1+json;q=0.5`,
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/*',
  '*/*',
])('a client that takes %s gets the image as it is', async (accept) => {
  const reply = await ask(on, '1', accept);
  expect([reply.headers['content-type'], reply.body]).toEqual([
    image.manifest.mediaType,
    image.manifest.bytes,
  ]);
});

test('HEAD agrees with GET, and If-None-Match with both', async () => {
  const got = await ask(on, '1');
  const head = await ask(on, '1', undefined, 'HEAD');
  for (const name of ['content-type', 'content-length', 'docker-content-digest', 'etag', 'vary'])
    expect([name, head.headers[name]]).toEqual([name, got.headers[name]]);
  expect(head.body).toHaveLength(0);
  const headers = { authorization: basic(on.admin), 'if-none-match': got.headers.etag ?? '' };
  expect((await on.ask('/v2/team/app/manifests/1', { headers })).status).toBe(304);
});

test('by digest everybody gets what the digest names', async () => {
  expect((await ask(on, image.manifest.digest)).body).toEqual(image.manifest.bytes);
});

test('of an index the image for linux/amd64 is taken; without one the index stays', async () => {
  const { images } = await seedIndex(on, 'team/app', 'both');
  const { manifest } = verifySchema1((await ask(on, 'both')).body);
  expect(manifest.fsLayers).toEqual([{ blobSum: images.amd64?.layers[0]?.digest }]);
  const { index } = await seedIndex(on, 'team/app', 'arm', ['arm64']);
  expect((await ask(on, 'arm')).body).toEqual(index.bytes);
});

test('without its configuration the image stays as it is', async () => {
  const lost = await seedImage(on, 'team/app', 'lost');
  const headers = { authorization: basic(on.admin) };
  const path = `/v2/team/app/blobs/${lost.config.digest}`;
  expect((await on.ask(path, { method: 'DELETE', headers })).status).toBe(202);
  expect((await ask(on, 'lost')).body).toEqual(lost.manifest.bytes);
});

test('the empty layer can be pulled, whole and in part', async () => {
  const headers = { authorization: await on.token(['repository:team/app:pull']) };
  const path = `/v2/team/app/blobs/${emptyLayer}`;
  const whole = await on.ask(path, { headers });
  expect(`sha256:${createHash('sha256').update(whole.body).digest('hex')}`).toBe(emptyLayer);
  expect(gunzipSync(whole.body)).toEqual(Buffer.alloc(1024));
  const head = await on.ask(path, { method: 'HEAD', headers });
  expect([head.status, head.headers['content-length']]).toEqual([200, '32']);
  const part = await on.ask(path, { headers: { ...headers, range: 'bytes=30-' } });
  expect([part.status, part.body]).toEqual([206, whole.body.subarray(30)]);
});

test('who is about to push is not told of an empty layer that is not held', async () => {
  const headers = { authorization: await on.token(['repository:team/app:pull,push']) };
  const head = await on.ask(`/v2/team/app/blobs/${emptyLayer}`, { method: 'HEAD', headers });
  expect(head.status).toBe(404);
});

test('it is off unless it is switched on', async () => {
  const reply = await ask(off, '1');
  expect([reply.headers['content-type'], reply.headers.vary]).toEqual([
    'application/vnd.oci.image.manifest.v1+json',
    undefined,
  ]);
  const headers = { authorization: basic(off.admin) };
  expect((await off.ask(`/v2/team/app/blobs/${emptyLayer}`, { headers })).status).toBe(404);
});
