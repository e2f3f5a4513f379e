import { describe, expect, test } from 'vitest';
import { mediaTypes, parseName, type Digest, type Referrer } from '../../../registry/model/index.ts';
import type { ProxySettings } from '../../../registry/repositories/index.ts';
import { digestOf, reply } from '../upstream/scripted.ts';
import { group, hosted, proxy, startEngine, tagged, upload, type Engine } from './engine.ts';
import { always, makeImage, startRegistry, unreachable, type FakeImage } from './fake-registry.ts';

const app = parseName('team/app');
const target = makeImage();
const list = `/v2/team/app/referrers/${target.digest}`;
const tag = `sha256-${target.digest.slice(7)}`;

const entry = (of: string, more: object = {}): Referrer => ({
  mediaType: mediaTypes.ociManifest,
  digest: digestOf(of),
  size: 7,
  artifactType: undefined,
  annotations: {},
  ...more,
});
const indexOf = (...manifests: readonly Referrer[]): Buffer =>
  Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
const sorted = (...digests: readonly Digest[]): readonly Digest[] => [...digests].sort();

/** Lists these as referrers of the target, and nothing else. */
const listing =
  (...entries: readonly Referrer[]): ReturnType<typeof always> =>
  (request, response) => {
    if (request.url !== list) return false;
    reply(response, 200, { 'content-type': mediaTypes.ociIndex }, indexOf(...entries));
    return true;
  };

/** A hosted repository and a proxy, `hub`, behind the group `all`. */
async function start(settings: Partial<ProxySettings> = {}, own = hosted()) {
  const upstream = await startRegistry();
  const engine = await startEngine({ own, hub: proxy(upstream.url, settings), all: group('own', 'hub') });
  const digests = async (repository = 'all', name = app, reach: 'anywhere' | 'local' = 'anywhere') => {
    const found = await engine.repository(repository).listReferrers(name, target.digest, reach);
    return found.map((each) => each.digest);
  };
  return { upstream, engine, digests };
}

async function push(engine: Engine, reference: string, bytes: Buffer, image?: FakeImage): Promise<void> {
  for (const blob of image?.blobs ?? []) await upload(engine, 'own', app, blob);
  await engine.hosted('own').putManifest({
    name: app,
    reference: tagged(reference),
    tags: [],
    bytes,
    contentType: '',
    seenWith: [],
    adoptFrom: [],
  });
}

const signature = (): FakeImage =>
  makeImage(1, { subject: { mediaType: '', digest: target.digest, size: 1 }, artifactType: 'own' });

describe('an upstream with referrers', () => {
  test('is asked once for everyone, and again when its list is old', async () => {
    const { upstream, digests } = await start();
    upstream.behave(listing(entry('a'), entry('b')));
    const all = await Promise.all(Array.from({ length: 20 }, () => digests()));
    for (const each of all) expect(each).toEqual(sorted(digestOf('a'), digestOf('b')));
    expect(await digests('hub')).toHaveLength(2);
    expect(upstream.asked).toEqual([`GET ${list}`]);
    const fresh = await start({ tagMaxAge: 0 });
    fresh.upstream.behave(listing(entry('a')));
    await fresh.digests();
    fresh.upstream.behave(listing(entry('b')));
    expect(await fresh.digests()).toEqual([digestOf('b')]);
  });

  test('is asked by its own name', async () => {
    const { upstream, digests } = await start({ library: true });
    await digests('all', parseName('up.test/nginx'));
    expect(upstream.asked[0]).toBe(`GET /v2/library/nginx/referrers/${target.digest}`);
  });

  test.each([
    ['unreachable', unreachable],
    ['failing', always(500)],
    ['limiting', always(429)],
    ['wanting a login', always(401)],
  ] as const)('that does not answer is no fault, and its last list is given: %s', async (_, trouble) => {
    const { upstream, engine, digests } = await start({ tagMaxAge: 0 });
    upstream.behave(trouble);
    expect(await digests()).toEqual([]);
    upstream.behave(listing(entry('a')));
    await digests();
    upstream.behave(trouble);
    expect(await digests()).toEqual([digestOf('a')]);
    expect(engine.faults).toHaveLength(2);
  });

  test('is not asked locally, offline, for private names, or for names that routes forbid', async () => {
    const here = await start();
    await here.digests('all', app, 'local');
    const offline = await start({ offline: true });
    await offline.digests();
    const secret = await start({}, hosted({ private: ['team/**'] }));
    await secret.digests();
    const routed = await start({ routes: ['library/**'] });
    await routed.digests();
    for (const { upstream } of [here, offline, secret, routed]) expect(upstream.asked).toEqual([]);
  });
});

describe('an upstream without referrers', () => {
  test('is asked for the tag that lists them', async () => {
    const { upstream, digests } = await start();
    const type = { 'content-type': mediaTypes.ociIndex };
    upstream.behave((request, response) => {
      if (request.url !== `/v2/team/app/manifests/${tag}`) return false;
      reply(response, 200, type, indexOf(entry('a')));
      return true;
    });
    expect(await digests()).toEqual([digestOf('a')]);
    expect(await digests()).toEqual([digestOf('a')]);
    expect(upstream.asked).toEqual([`GET ${list}`, `GET /v2/team/app/manifests/${tag}`]);
  });

  test('that has them by now is believed before the tag that was pulled', async () => {
    const { upstream, engine, digests } = await start();
    const type = { 'content-type': mediaTypes.ociIndex };
    upstream.behave((_, response) => {
      reply(response, 200, type, indexOf(entry('a')));
      return true;
    });
    await engine.repository('hub').findManifest(app, tagged(tag), 'anywhere');
    expect(await digests('hub', app, 'local')).toEqual([digestOf('a')]);
    upstream.behave(listing(entry('a', { artifactType: 'listed' })));
    const [found] = await engine.repository('hub').listReferrers(app, target.digest, 'anywhere');
    expect(found).toMatchObject({ digest: digestOf('a'), artifactType: 'listed' });
  });

  test('and without the tag has none, which is remembered too', async () => {
    const { upstream, digests } = await start();
    expect([await digests(), await digests()]).toEqual([[], []]);
    expect(upstream.asked).toHaveLength(2);
  });
});

describe('signing what lives elsewhere (T16)', () => {
  test('what is pushed joins what the upstream lists, and is believed before it', async () => {
    const { upstream, engine, digests } = await start();
    const own = signature();
    upstream.behave(listing(entry('a'), entry('x', { digest: own.digest, artifactType: 'theirs' })));
    await push(engine, 'signature', own.bytes, own);
    expect(await digests()).toEqual(sorted(digestOf('a'), own.digest));
    const found = await engine.repository('all').listReferrers(app, target.digest, 'anywhere');
    expect(found.find((each) => each.digest === own.digest)?.artifactType).toBe('own');
  });

  test('a referrers tag that was pushed is taken in, each manifest once', async () => {
    const { engine, digests } = await start();
    const [old, own] = [makeImage(), signature()];
    await push(engine, 'old', old.bytes, old);
    await push(engine, 'own', own.bytes, own);
    const more = { artifactType: 'listed', annotations: { by: 'a client' } };
    const entries = [old, own].map(({ digest }) => entry('', { digest, ...more }));
    await push(engine, tag, indexOf(...entries));
    expect(await digests('own')).toEqual(sorted(old.digest, own.digest));
    const found = await engine.repository('own').listReferrers(app, target.digest, 'local');
    expect(found.find((each) => each.digest === old.digest)).toMatchObject(more);
    expect(found.find((each) => each.digest === own.digest)).toMatchObject({ artifactType: 'own' });
  });

  test('an image under such a tag lists nothing', async () => {
    const { engine, digests } = await start();
    const image = makeImage();
    await push(engine, tag, image.bytes, image);
    expect(await digests('own')).toEqual([]);
  });
});
