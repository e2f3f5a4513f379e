import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { digestOf, makeImage, type Image } from '../support/image.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedBlob, seedImage, seedIndex, type Target } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const headers = {
  host: 'pair.test',
  accept: 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json',
};

describeWith(['docker-registry'], 'a pair of external registries without common storage', () => {
  let place: Place;
  let readers: Upstream;
  let writers: Upstream;
  let gateway: LocalGateway;
  let pair: Target;

  beforeAll(async () => {
    place = await createLoopback();
    readers = await createUpstream(place);
    writers = await createUpstream(place);
    gateway = await startLocalGateway(place, {
      hosts: {
        localhost: { read: readers.url, write: writers.url },
        'pair.test': { read: readers.url, write: writers.url },
      },
      repositories: { 'docker-hosted': { type: 'hosted' } },
    });
    pair = { place, url: gateway.url, ...(gateway.ca !== undefined && { ca: gateway.ca }) };
  });
  beforeEach(async () => {
    await Promise.all([readers.forget(), writers.forget()]);
  });
  afterAll(async () => {
    await gateway.stop();
    await place.close();
  });

  const ask = (path: string, method = 'GET') => gateway.ask(path, { method, headers });
  const put = (name: string, reference: string, { bytes, mediaType }: Image['manifest']) =>
    gateway.ask(`/v2/${name}/manifests/${reference}`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': mediaType },
      body: bytes,
    });
  const sentTo = async (registry: Upstream) =>
    (await registry.requests()).map(({ method, path }) => `${method} ${path.split('?')[0] ?? ''}`);

  test('what only the readers have counts as there, and is brought over when it is pushed', async () => {
    const image = await seedImage(readers, 'team/base', '1', { layers: [300_000, 1000] });
    for (const { digest } of [...image.layers, image.config]) {
      const head = await ask(`/v2/team/base/blobs/${digest}`, 'HEAD');
      expect([head.status, head.headers['docker-content-digest']]).toEqual([200, digest]);
    }
    const reply = await put('team/base', 'mine', image.manifest);
    expect([reply.status, reply.headers['docker-content-digest']]).toEqual([201, image.manifest.digest]);
    expect((await gateway.logged(reply)).adopted).toBe(3);
    const held = await gateway.ask(`${writers.url}/v2/team/base/manifests/mine`, { headers });
    expect(held.body).toEqual(image.manifest.bytes);
    for (const { digest, bytes } of image.layers)
      expect((await gateway.ask(`${writers.url}/v2/team/base/blobs/${digest}`)).body).toEqual(bytes);
  });

  test('one that both lack is left to who takes the push, and one that both have is not sent', async () => {
    const image = await seedImage(readers, 'team/known', '1');
    for (const blob of [...image.layers, image.config]) await seedBlob(writers, 'team/known', blob);
    await writers.forget();
    expect((await put('team/known', '2', image.manifest)).status).toBe(201);
    expect((await sentTo(writers)).filter((each) => !each.startsWith('HEAD'))).toEqual([
      'PUT /v2/team/known/manifests/2',
    ]);
    const lost = makeImage();
    const reply = await put('team/known', '3', lost.manifest);
    // The status is docker-registry's own.
    expect(reply.status).toBe(400);
    const { errors } = JSON.parse(reply.body.toString()) as { errors: { code: string }[] };
    expect(errors.map(({ code }) => code)).toEqual(['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']);
    expect((await ask(`/v2/team/known/blobs/${lost.config.digest}`, 'HEAD')).status).toBe(404);
  });

  test('an index is brought with its images and their layers', async () => {
    const { index, images } = await seedIndex(readers, 'team/multi', '1');
    expect((await put('team/multi', '2', index)).status).toBe(201);
    for (const { manifest, layers } of Object.values(images)) {
      const held = await gateway.ask(`${writers.url}/v2/team/multi/manifests/${manifest.digest}`, {
        headers,
      });
      expect(held.body).toEqual(manifest.bytes);
      for (const { digest } of layers)
        expect((await gateway.ask(`${writers.url}/v2/team/multi/blobs/${digest}`)).status).toBe(200);
    }
  });

  test('a layer is brought once for two who push at the same time', async () => {
    const layers = [randomBytes(4_000_000)];
    const one = await seedImage(readers, 'team/twice', '1', { layers });
    await readers.forget();
    const replies = await Promise.all(['a', 'b', 'c'].map((tag) => put('team/twice', tag, one.manifest)));
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201]);
    const [layer] = one.layers;
    const fetched = (await sentTo(readers)).filter(
      (each) => each === `GET /v2/team/twice/blobs/${layer?.digest}`,
    );
    expect(fetched).toHaveLength(1);
  });

  test('who pushes asks for the manifest where the push goes, and uploads there', async () => {
    await seedImage(readers, 'team/skip', '1');
    // Without a token that says so, the blob that was asked for tells a push from a pull.
    expect((await ask('/v2/team/skip/manifests/1', 'HEAD')).status).toBe(200);
    await ask(`/v2/team/skip/blobs/${digestOf('nothing')}`, 'HEAD');
    expect((await ask('/v2/team/skip/manifests/1', 'HEAD')).status).toBe(404);
    expect((await ask('/v2/team/skip/manifests/1')).status).toBe(200);
    await readers.forget();
    await seedBlob(pair, 'team/skip', { digest: digestOf('new'), bytes: Buffer.from('new') });
    expect((await sentTo(readers)).filter((each) => !each.startsWith('GET /v2/ '))).toEqual([]);
  });

  test('a token that is for a push is known by what it says', async () => {
    const image = await seedImage(readers, 'team/jwt', '1');
    const access = [{ type: 'repository', name: 'team/jwt', actions: ['pull', 'push'] }];
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const bearer = (...actions: string[]) => ({
      ...headers,
      authorization: `Bearer ${part({ alg: 'none' })}.${part({ access: [{ ...access[0], actions }] })}.x`,
    });
    const head = async (sent: Record<string, string>) =>
      (await gateway.ask('/v2/team/jwt/manifests/1', { method: 'HEAD', headers: sent })).status;
    expect(await head(bearer('pull', 'push'))).toBe(404);
    expect(await head(bearer('pull'))).toBe(200);
    expect(await head(headers)).toBe(200);
    const blob = `/v2/team/jwt/blobs/${image.config.digest}`;
    await writers.forget();
    expect((await gateway.ask(blob, { method: 'HEAD', headers: bearer('pull') })).status).toBe(200);
    expect(await sentTo(writers)).toEqual([]);
  });

  test('a mount from a name that only the readers have is made good', async () => {
    const image = await seedImage(readers, 'team/source', '1', { layers: [200_000] });
    const [layer] = image.layers;
    const digest = layer?.digest ?? '';
    const mount = (to: string, from: string) =>
      ask(`/v2/${to}/blobs/uploads/?mount=${encodeURIComponent(digest)}&from=${from}`, 'POST');
    const reply = await mount('team/target', 'team/source');
    expect([reply.status, reply.headers.location]).toEqual([201, `/v2/team/target/blobs/${digest}`]);
    expect((await gateway.ask(`${writers.url}/v2/team/target/blobs/${digest}`)).body).toEqual(layer?.bytes);
    // What the writers have themselves they mount themselves; what nobody has is uploaded.
    await readers.forget();
    expect((await mount('team/third', 'team/target')).status).toBe(201);
    expect(await sentTo(readers)).toEqual([]);
    expect((await mount('team/fourth', 'team/nowhere')).status).toBe(202);
  });

  test('a mount that is refused becomes an upload', async () => {
    const path = `/v2/team/mount/blobs/uploads/?mount=${digestOf('x')}&from=team/elsewhere`;
    expect((await ask(path, 'POST')).status).toBe(202);
  });

  test('a body that is no manifest is left to who takes the push', async () => {
    const reply = await gateway.ask('/v2/team/base/manifests/bad', {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
      body: 'no manifest',
    });
    expect(reply.status).toBe(400);
    const large = await gateway.ask('/v2/team/base/manifests/bad', {
      method: 'PUT',
      headers,
      body: Buffer.alloc(9_000_000),
    });
    expect(large.status).toBe(413);
  });
});
