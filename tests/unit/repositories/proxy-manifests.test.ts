import { describe, expect, test } from 'vitest';
import { mediaTypes, parseName, type Reference } from '../../../registry/model/index.ts';
import type { ProxySettings } from '../../../registry/repositories/index.ts';
import { UpstreamFailure } from '../../../registry/upstream/index.ts';
import { reply } from '../upstream/scripted.ts';
import { faultOf, hosted, proxy, startEngine, tagged } from './engine.ts';
import { always, makeImage, startRegistry, unreachable } from './fake-registry.ts';

const app = parseName('team/app');
const latest = tagged('latest');
const all = { size: undefined, last: undefined };

/** A proxy of an upstream that has `team/app:latest`. */
async function start(settings: Partial<ProxySettings> = {}) {
  const upstream = await startRegistry();
  const image = makeImage();
  upstream.push('team/app', 'latest', image);
  const engine = await startEngine({
    hub: proxy(upstream.url, settings),
    own: hosted({ private: ['secret/**'] }),
  });
  const repository = engine.repository('hub');
  const find = (reference: Reference = latest, name = app) =>
    repository.findManifest(name, reference, 'anywhere');
  return { upstream, image, engine, repository, find };
}

describe('a tag', () => {
  test('is fetched once and then served from here while it is fresh', async () => {
    const { upstream, image, find, repository } = await start();
    expect(await repository.findManifest(app, latest, 'local')).toBeUndefined();
    expect(upstream.asked).toEqual([]);
    for (let times = 0; times < 3; times += 1) {
      const found = await find();
      expect(found).toMatchObject({
        digest: image.digest,
        mediaType: mediaTypes.ociManifest,
        member: 'hub',
        age: 0,
      });
      expect(Buffer.from(found?.bytes ?? []).equals(image.bytes)).toBe(true);
      expect(found).not.toHaveProperty('stale');
    }
    expect(await repository.findManifest(app, latest, 'local')).toBeDefined();
    expect(await find({ digest: image.digest })).toBeDefined();
    expect(upstream.asked).toEqual(['GET /v2/team/app/manifests/latest']);
    expect(await repository.listTags(app, all, 'anywhere')).toEqual({ entries: ['latest'], more: false });
    expect(await repository.listNames(all)).toEqual({ entries: ['team/app'], more: false });
  });

  test('that is old is asked for by HEAD, and fetched again only when it names something else', async () => {
    const { upstream, image, find } = await start({ tagMaxAge: 0 });
    await find();
    expect((await find())?.digest).toBe(image.digest);
    expect(upstream.asked.slice(1)).toEqual(['HEAD /v2/team/app/manifests/latest']);
    const newer = makeImage();
    upstream.push('team/app', 'latest', newer);
    expect((await find())?.digest).toBe(newer.digest);
    expect(upstream.asked.slice(2)).toEqual([
      'HEAD /v2/team/app/manifests/latest',
      'GET /v2/team/app/manifests/latest',
    ]);
    expect((await find({ digest: image.digest }))?.digest).toBe(image.digest);
    expect(upstream.asked).toHaveLength(4);
  });

  test('that is confirmed is young again', async () => {
    const { upstream, find, engine } = await start({ tagMaxAge: 0 });
    const first = await find();
    while (Date.now() <= (first?.confirmedAt ?? 0)) await new Promise((resolve) => setTimeout(resolve, 1));
    await find();
    const place = { repository: 'hub', name: app };
    const held = await engine.metadata.images.findManifest(place, latest);
    expect(held?.confirmedAt).toBeGreaterThan(first?.confirmedAt ?? Infinity);
    expect(upstream.count('GET')).toBe(1);
  });

  test('is fetched when the upstream does not answer HEAD', async () => {
    const { upstream, image, find } = await start({ tagMaxAge: 0 });
    await find();
    upstream.behave((request, response) => {
      if (request.method === 'GET') return false;
      reply(response, 405);
      return true;
    });
    expect((await find())?.digest).toBe(image.digest);
    expect(upstream.count('GET')).toBe(2);
  });

  test('is asked for once by twenty at the same time', async () => {
    const { upstream, image, find } = await start();
    const found = await Promise.all(Array.from({ length: 20 }, () => find()));
    expect(new Set(found.map((each) => each?.digest))).toEqual(new Set([image.digest]));
    expect(upstream.asked).toHaveLength(1);
  });

  test('that is gone upstream is gone here, but not what it named', async () => {
    const { upstream, image, find, repository } = await start({ tagMaxAge: 0 });
    await find();
    upstream.untag('team/app', 'latest');
    expect(await find()).toBeUndefined();
    expect(await repository.findManifest(app, latest, 'local')).toBeUndefined();
    expect(await find({ digest: image.digest })).toBeDefined();
  });
});

describe('what is not there', () => {
  const missing = tagged('missing');

  test('is remembered for a while', async () => {
    const { upstream, find } = await start();
    for (let times = 0; times < 3; times += 1) expect(await find(missing)).toBeUndefined();
    expect(upstream.asked).toEqual(['GET /v2/team/app/manifests/missing']);
    expect(await find()).toBeDefined();
  });

  test('is remembered by digest too', async () => {
    const { upstream, find } = await start();
    const { digest } = makeImage();
    for (let times = 0; times < 2; times += 1) expect(await find({ digest })).toBeUndefined();
    expect(upstream.asked).toHaveLength(1);
  });

  test('is asked for again when the while is over', async () => {
    const { upstream, find } = await start({ notFoundMaxAge: 0 });
    expect(await find(missing)).toBeUndefined();
    const image = makeImage();
    upstream.push('team/app', 'missing', image);
    expect((await find(missing))?.digest).toBe(image.digest);
  });

  test('is asked for again when a push made it forgotten (T10)', async () => {
    const { upstream, find, engine, repository } = await start();
    expect(await find(missing)).toBeUndefined();
    await engine.metadata.absences.forget(repository.placesOf(app));
    upstream.push('team/app', 'missing', makeImage());
    expect(await find(missing)).toBeDefined();
  });
});

describe('an upstream that does not answer', () => {
  const troubles = [
    ['breaks connections', unreachable, 'unreachable'],
    ['fails', always(500), 'server-error'],
    ['limits', always(429, { 'retry-after': '7' }), 'rate-limited'],
    ['denies', always(403), 'denied'],
    ['wants a login', always(401), 'unauthorized'],
    ['sends a web page', always(200, { 'content-type': 'text/html' }), 'bad-answer'],
  ] as const;

  test.each(troubles)('that %s: an old copy is served, and says why', async (_, trouble, kind) => {
    const { upstream, image, find, engine } = await start({ tagMaxAge: 0 });
    await find();
    upstream.behave(trouble);
    expect(await find()).toMatchObject({
      digest: image.digest,
      stale: expect.stringContaining('hub') as string,
    });
    expect(engine.faults).toEqual([expect.objectContaining({ kind })]);
    upstream.behave(undefined);
    expect(await find()).not.toHaveProperty('stale');
  });

  test.each(troubles)(
    'that %s: without a copy that is no "not there", and is not remembered',
    async (_, trouble, kind) => {
      const { upstream, find } = await start();
      upstream.behave(trouble);
      const fault = await faultOf(find());
      expect(fault).toBeInstanceOf(UpstreamFailure);
      expect(fault).toMatchObject({ kind, upstream: 'hub' });
      upstream.behave(undefined);
      expect(await find()).toBeDefined();
    },
  );

  test('is not asked for what is here by digest', async () => {
    const { upstream, image, find } = await start({ tagMaxAge: 0 });
    await find();
    upstream.behave(unreachable);
    expect(await find({ digest: image.digest })).toMatchObject({ digest: image.digest });
    expect(upstream.asked).toHaveLength(1);
  });
});

describe('what an upstream sends', () => {
  test('with another digest is neither served nor kept', async () => {
    const { upstream, image, find, repository } = await start();
    upstream.behave((_, response) => {
      reply(response, 200, { 'content-type': mediaTypes.ociManifest }, makeImage().bytes);
      return true;
    });
    expect(await faultOf(find({ digest: image.digest }))).toMatchObject({ kind: 'bad-answer' });
    expect(await repository.listNames(all)).toEqual({ entries: [], more: false });
  });

  test('that cannot be read as a manifest is neither served nor kept', async () => {
    const { upstream, find, repository } = await start();
    upstream.behave((_, response) => {
      reply(response, 200, { 'content-type': mediaTypes.ociManifest }, '{"schemaVersion":2}');
      return true;
    });
    expect(await faultOf(find())).toMatchObject({
      kind: 'bad-answer',
      message: expect.stringContaining('config') as string,
    });
    expect(await repository.listNames(all)).toEqual({ entries: [], more: false });
  });
});

describe('names', () => {
  test.each([
    ['nginx', true, 'library/nginx'],
    ['library/nginx', true, 'library/nginx'],
    ['team/app', true, 'team/app'],
    ['up.test/nginx', true, 'library/nginx'],
    ['up.test/team/app', true, 'team/app'],
    ['nginx', false, 'nginx'],
    ['library/nginx', false, 'library/nginx'],
    ['up.test/nginx', false, 'nginx'],
    ['up.testing/nginx', false, 'up.testing/nginx'],
  ])('%s with library %j is %s upstream (T19)', async (name, library, asked) => {
    const { upstream, image, find, repository } = await start({ library });
    upstream.push(asked, 'latest', image);
    expect(await find(latest, parseName(name))).toBeDefined();
    expect(upstream.asked).toEqual([`GET /v2/${asked}/manifests/latest`]);
    expect(repository.placesOf(parseName(name))[0]).toEqual({ repository: 'hub', name: asked });
    expect(await repository.findManifest(parseName(name), latest, 'local')).toBeDefined();
  });

  test('x and library/x of Docker Hub are one in the cache', async () => {
    const { upstream, image, find } = await start({ library: true });
    upstream.push('library/nginx', 'latest', image);
    for (const name of ['nginx', 'library/nginx', 'up.test/nginx', 'up.test/library/nginx'])
      expect((await find(latest, parseName(name)))?.digest).toBe(image.digest);
    expect(upstream.asked).toHaveLength(1);
  });

  test.each([
    ['team/app', true],
    ['library/nginx', true],
    ['nginx', true],
    ['other/app', false],
    ['redis', false],
    ['up.test/other/app', true],
  ])('%s, with routes to team/** and library/nginx, is asked for: %j', async (name, asked) => {
    const { upstream, find } = await start({ routes: ['team/**', 'library/nginx'] });
    await find(latest, parseName(name));
    expect(upstream.asked.length > 0).toBe(asked);
  });

  test.each(['secret/app', 'secret/a/b', 'up.test/secret/app'])(
    '%s is private and never asked for',
    async (name) => {
      const { upstream, find, repository } = await start();
      upstream.push('secret/app', 'latest', makeImage());
      const { digest } = makeImage();
      expect(await find(latest, parseName(name))).toBeUndefined();
      expect(await find({ digest }, parseName(name))).toBeUndefined();
      expect(await repository.findBlob(parseName(name), digest, 'anywhere')).toBeUndefined();
      expect(await repository.openBlob(parseName(name), digest, 'anywhere')).toBeUndefined();
      expect(upstream.asked).toEqual([]);
    },
  );

  test.each([
    [['nginx'], 'library/nginx'],
    [['library/nginx'], 'nginx'],
    [['**'], 'anything/at/all'],
  ])('private %j takes %s too', async (names, name) => {
    const upstream = await startRegistry();
    const settings = { hub: proxy(upstream.url, { library: true }), own: hosted({ private: names }) };
    const engine = await startEngine(settings);
    expect(await engine.repository('hub').findManifest(parseName(name), latest, 'anywhere')).toBeUndefined();
    expect(upstream.asked).toEqual([]);
  });
});

test('offline: the upstream is never asked, and what is here is served however old it is', async () => {
  const upstream = await startRegistry();
  const image = makeImage();
  const engine = await startEngine({ hub: proxy(upstream.url, { offline: true, tagMaxAge: 0 }) });
  const repository = engine.repository('hub');
  expect(await repository.findManifest(app, latest, 'anywhere')).toBeUndefined();
  expect(await repository.openBlob(app, image.digest, 'anywhere')).toBeUndefined();
  const { digest, bytes } = image;
  const manifest = {
    mediaType: mediaTypes.ociManifest,
    blobs: [],
    manifests: [],
    subject: undefined,
    artifactType: undefined,
    annotations: {},
  };
  await engine.metadata.images.putManifest({
    place: { repository: 'hub', name: app },
    tags: 'tag' in latest ? [latest.tag] : [],
    digest,
    bytes,
    manifest,
    references: { check: 'trust' },
    mayMove: () => true,
  });
  expect(await repository.findManifest(app, latest, 'anywhere')).toMatchObject({ digest });
  expect(upstream.asked).toEqual([]);
});
