import { describe, expect, test, vi } from 'vitest';
import { parseName, RegistryError, type Name } from '../../../registry/model/index.ts';
import type { ProxySettings } from '../../../registry/repositories/index.ts';
import { digestOf } from '../upstream/scripted.ts';
import {
  faultOf,
  group,
  hosted,
  proxy,
  readAll,
  readerOf,
  startEngine,
  tagged,
  upload,
  type Engine,
} from './engine.ts';
import { always, makeImage, startRegistry, unreachable, type FakeImage } from './fake-registry.ts';

const app = parseName('team/app');
const latest = tagged('latest');
const all = { size: undefined, last: undefined };

/** A hosted repository and two proxies, `hub` and `quay`, behind the group `all`, in this order. */
async function start(settings: Partial<ProxySettings> = {}) {
  const [hub, quay] = [await startRegistry(), await startRegistry()];
  const engine = await startEngine({
    own: hosted(),
    hub: proxy(hub.url, { prefix: 'docker.io', library: true, ...settings }),
    quay: proxy(quay.url, { prefix: 'quay.io', ...settings }),
    all: group('own', 'hub', 'quay'),
  });
  const find = (name: Name = app, reference = latest) =>
    engine.repository('all').findManifest(name, reference, 'anywhere');
  return { hub, quay, engine, find };
}

async function push(engine: Engine, image: FakeImage, tag: string, name: Name = app): Promise<void> {
  for (const blob of image.blobs) await upload(engine, 'own', name, blob);
  const { bytes } = image;
  await engine.hosted('own').putManifest({
    name,
    reference: tagged(tag),
    tags: [],
    bytes,
    contentType: '',
    seenWith: [],
    adoptFrom: [],
  });
}

describe('order', () => {
  test('the first member that has a tag answers, and those after it are not asked', async () => {
    const { hub, quay, engine, find } = await start();
    const [own, second, third] = [makeImage(), makeImage(), makeImage()];
    quay.push('team/app', 'latest', third);
    expect(await find()).toMatchObject({ digest: third.digest, member: 'quay' });
    expect(hub.count('GET')).toBe(1);
    hub.push('team/new', 'latest', second);
    quay.push('team/new', 'latest', third);
    expect(await find(parseName('team/new'))).toMatchObject({ digest: second.digest, member: 'hub' });
    expect(quay.count('GET /v2/team/new/')).toBe(0);
    await push(engine, own, 'latest');
    expect(await find()).toMatchObject({ digest: own.digest, member: 'own', age: undefined });
    expect(hub.count('GET /v2/team/app/')).toBe(1);
  });

  test('a digest comes from whoever has it here, before anybody is asked', async () => {
    const { hub, quay, engine, find } = await start();
    const image = makeImage();
    quay.push('team/app', 'latest', image);
    const opened = await engine.repository('quay').openBlob(app, digestOf(image.blobs[1] ?? ''), 'anywhere');
    await readAll(readerOf(opened));
    await engine.repository('quay').findManifest(app, latest, 'anywhere');
    await vi.waitFor(async () => {
      const layer = digestOf(image.blobs[1] ?? '');
      expect(await engine.repository('quay').findBlob(app, layer, 'local')).toBeDefined();
    });
    const before = quay.asked.length;
    expect(await find(app, { digest: image.digest })).toMatchObject({ member: 'quay' });
    const layer = await engine.repository('all').openBlob(app, digestOf(image.blobs[1] ?? ''), 'anywhere');
    expect(layer).toMatchObject({ member: 'quay' });
    await layer?.reader.close();
    expect(
      await engine.repository('all').findBlob(app, digestOf(image.blobs[1] ?? ''), 'anywhere'),
    ).toBeDefined();
    expect(hub.asked).toEqual([]);
    expect(quay.asked).toHaveLength(before);
  });

  test('a digest that nobody has here is asked for in order', async () => {
    const { hub, quay, engine } = await start();
    const layer = Buffer.from('layer');
    quay.pushBlob('team/app', layer);
    const opened = await engine.repository('all').openBlob(app, digestOf(layer), 'anywhere');
    expect(opened).toMatchObject({ member: 'quay' });
    expect((await readAll(readerOf(opened))).equals(layer)).toBe(true);
    expect(hub.count('GET')).toBe(1);
  });

  test('locally nobody is asked (T3)', async () => {
    const { hub, quay, engine } = await start();
    const repository = engine.repository('all');
    const { digest } = makeImage();
    expect(await repository.findManifest(app, latest, 'local')).toBeUndefined();
    expect(await repository.findManifest(app, { digest }, 'local')).toBeUndefined();
    expect(await repository.findBlob(app, digest, 'local')).toBeUndefined();
    expect(await repository.openBlob(app, digest, 'local')).toBeUndefined();
    expect([...hub.asked, ...quay.asked]).toEqual([]);
  });

  test('what nobody has is undefined', async () => {
    const { find, engine } = await start();
    const { digest } = makeImage();
    expect(await find()).toBeUndefined();
    expect(await find(app, { digest })).toBeUndefined();
    expect(await engine.repository('all').findBlob(app, digest, 'anywhere')).toBeUndefined();
    expect(await engine.repository('all').openBlob(app, digest, 'anywhere')).toBeUndefined();
  });
});

describe('a member that cannot be asked (T13)', () => {
  test('does not hide what another has', async () => {
    const { hub, quay, engine, find } = await start();
    hub.behave(unreachable);
    const image = makeImage();
    quay.push('team/app', 'latest', image);
    expect(await find()).toMatchObject({ digest: image.digest, member: 'quay' });
    expect(await find(app, { digest: image.digest })).toBeDefined();
    const layer = digestOf(image.blobs[1] ?? '');
    expect(await engine.repository('all').findBlob(app, layer, 'anywhere')).toMatchObject({ member: 'quay' });
    await readAll(readerOf(await engine.repository('all').openBlob(app, layer, 'anywhere')));
  });

  test.each([
    ['unreachable', unreachable, 'unavailable', 30],
    ['failing', always(500), 'unavailable', 30],
    ['limiting', always(429, { 'retry-after': '7' }), 'tooManyRequests', 7],
    ['denying', always(403), 'badGateway', 30],
    ['wanting a login', always(401), 'badGateway', 30],
  ] as const)('is no "not there" when nobody else has it: %s', async (_, trouble, kind, retryAfter) => {
    const { hub, find } = await start();
    hub.behave(trouble);
    const fault = await faultOf(find());
    expect(fault).toBeInstanceOf(RegistryError);
    expect(fault).toMatchObject({ kind, retryAfter, message: expect.stringContaining('hub') as string });
    expect((fault as RegistryError).detail).toEqual([expect.objectContaining({ member: 'hub' })]);
  });

  test('and another one: both are named', async () => {
    const { hub, quay, find } = await start();
    hub.behave(always(429, { 'retry-after': '7' }));
    quay.behave(always(500));
    const fault = await faultOf(find());
    expect(fault).toMatchObject({ kind: 'unavailable', retryAfter: 7 });
    expect((fault as RegistryError).message).toMatch(/hub.*quay/);
  });

  test('gives its old copy only when the others do not have it', async () => {
    const { hub, quay, find } = await start({ tagMaxAge: 0, notFoundMaxAge: 0 });
    const [old, others] = [makeImage(), makeImage()];
    hub.push('team/app', 'latest', old);
    await find();
    hub.behave(unreachable);
    expect(await find()).toMatchObject({
      digest: old.digest,
      member: 'hub',
      stale: expect.any(String) as string,
    });
    quay.push('team/app', 'latest', others);
    expect(await find()).toMatchObject({ digest: others.digest, member: 'quay' });
    quay.behave(unreachable);
    expect(await find()).toMatchObject({ digest: old.digest, member: 'hub' });
  });

  test('a fault of our own is not hidden', async () => {
    const { engine, find } = await start();
    await engine.metadata.check();
    await engine.metadata.close();
    expect(await faultOf(find())).not.toBeInstanceOf(RegistryError);
  });
});

describe('a name with the prefix of an upstream', () => {
  test.each([
    ['quay.io/coreos/etcd', 'quay', 'coreos/etcd'],
    ['quay.io/etcd', 'quay', 'etcd'],
    ['docker.io/nginx', 'hub', 'library/nginx'],
    ['docker.io/library/nginx', 'hub', 'library/nginx'],
    ['docker.io/grafana/grafana', 'hub', 'grafana/grafana'],
  ] as const)('%s is asked of %s alone, as %s', async (name, member, asked) => {
    const made = await start();
    const image = makeImage();
    made[member].push(asked, 'latest', image);
    expect(await made.find(parseName(name))).toMatchObject({ digest: image.digest, member });
    expect(made[member].asked).toEqual([`GET /v2/${asked}/manifests/latest`]);
    expect(made[member === 'hub' ? 'quay' : 'hub'].asked).toEqual([]);
    const places = made.engine.repository('all').placesOf(parseName(name));
    expect(places).toContainEqual({ repository: member, name: asked });
    expect(places.filter((place) => place.repository === (member === 'hub' ? 'quay' : 'hub'))).toEqual([]);
  });

  test('that its upstream does not have is asked of nobody else', async () => {
    const { hub, quay, find } = await start();
    expect(await find(parseName('quay.io/coreos/etcd'))).toBeUndefined();
    expect(quay.asked).toHaveLength(1);
    expect(hub.asked).toEqual([]);
  });

  test('can be pushed as it is, and is then ours', async () => {
    const { quay, engine, find } = await start();
    const name = parseName('quay.io/coreos/etcd');
    const image = makeImage();
    await push(engine, image, 'latest', name);
    expect(await find(name)).toMatchObject({ digest: image.digest, member: 'own' });
    expect(await find(parseName('coreos/etcd'))).toBeUndefined();
    expect(quay.asked).toEqual(['GET /v2/coreos/etcd/manifests/latest']);
  });

  test('is none without the slash', async () => {
    const { hub, quay, find } = await start();
    await find(parseName('quay.io'));
    expect(hub.asked).toEqual(['GET /v2/library/quay.io/manifests/latest']);
    expect(quay.asked).toEqual(['GET /v2/quay.io/manifests/latest']);
  });

  test('may be one that routes keep others from', async () => {
    const { hub, quay, find } = await start({ routes: ['coreos/**'] });
    await find(parseName('team/app'));
    expect([...hub.asked, ...quay.asked]).toEqual([]);
    await find(parseName('quay.io/team/app'));
    expect(quay.asked).toHaveLength(1);
  });
});

describe('groups in groups', () => {
  async function nested() {
    const [hub, quay] = [await startRegistry(), await startRegistry()];
    const engine = await startEngine({
      // A group may be written before its members.
      outer: group('own', 'inner', 'hub', 'own'),
      own: hosted(),
      inner: group('own', 'quay'),
      hub: proxy(hub.url, { prefix: 'docker.io', library: true }),
      quay: proxy(quay.url, { prefix: 'quay.io' }),
    });
    return { hub, quay, engine };
  }

  test('are one order, each member once', async () => {
    const { hub, quay, engine } = await nested();
    expect(engine.repository('outer').holders).toEqual(['own', 'quay', 'hub']);
    const [first, second] = [makeImage(), makeImage()];
    quay.push('team/app', 'latest', first);
    hub.push('team/app', 'latest', second);
    const found = await engine.repository('outer').findManifest(app, latest, 'anywhere');
    expect(found).toMatchObject({ digest: first.digest, member: 'quay' });
  });

  test('know the prefixes of their innermost members', async () => {
    const { hub, quay, engine } = await nested();
    await engine.repository('outer').findManifest(parseName('quay.io/a/b'), latest, 'anywhere');
    expect(quay.asked).toEqual(['GET /v2/a/b/manifests/latest']);
    expect(hub.asked).toEqual([]);
  });

  test.each([
    [{ a: group('a') }, 'a > a'],
    [{ a: group('b'), b: group('c'), c: group('a') }, 'a > b > c > a'],
    [{ own: hosted(), a: group('own', 'b'), b: group('own', 'a') }, 'a > b > a'],
  ])('in a circle are refused: %#', async (settings, circle) => {
    await expect(startEngine(settings)).rejects.toThrow(circle);
  });

  test('with a member that does not exist are refused', async () => {
    await expect(startEngine({ a: group('nobody') })).rejects.toThrow('nobody');
  });
});

describe('lists', () => {
  test('of tags are the sorted union, in pages, of what is held here (T14)', async () => {
    const { hub, quay, engine, find } = await start();
    await push(engine, makeImage(), 'b');
    await push(engine, makeImage(), 'd');
    for (const tag of ['a', 'c', 'd', 'latest']) hub.push('team/app', tag, makeImage());
    quay.push('team/app', 'C', makeImage());
    for (const tag of ['a', 'c']) await find(app, tagged(tag));
    await find(app, tagged('C'));
    hub.behave(unreachable);
    const asked = hub.asked.length + quay.asked.length;
    const repository = engine.repository('all');
    expect(await repository.listTags(app, all, 'anywhere')).toEqual({
      entries: ['C', 'a', 'b', 'c', 'd'],
      more: false,
    });
    expect(await repository.listTags(app, { size: 2, last: undefined }, 'anywhere')).toEqual({
      entries: ['C', 'a'],
      more: true,
    });
    expect(await repository.listTags(app, { size: 2, last: 'a' }, 'anywhere')).toEqual({
      entries: ['b', 'c'],
      more: true,
    });
    expect(await repository.listTags(app, { size: 2, last: 'c' }, 'anywhere')).toEqual({
      entries: ['d'],
      more: false,
    });
    expect(await repository.listTags(app, { size: 5, last: undefined }, 'anywhere')).toMatchObject({
      more: false,
    });
    expect(await repository.listTags(app, { size: 0, last: undefined }, 'anywhere')).toEqual({
      entries: [],
      more: false,
    });
    expect(await repository.listTags(parseName('nobody'), all, 'anywhere')).toBeUndefined();
    expect(hub.asked.length + quay.asked.length).toBe(asked);
  });

  test('that are the same in two members go on after a page', async () => {
    const { hub, engine, find } = await start();
    for (const tag of ['a', 'b', 'c']) {
      await push(engine, makeImage(), tag);
      hub.push('team/app', tag, makeImage());
      await engine.repository('hub').findManifest(app, tagged(tag), 'anywhere');
    }
    const repository = engine.repository('all');
    const first = await repository.listTags(app, { size: 2, last: undefined }, 'anywhere');
    expect(first).toEqual({ entries: ['a', 'b'], more: true });
    expect(await repository.listTags(app, { size: 2, last: 'b' }, 'anywhere')).toEqual({
      entries: ['c'],
      more: false,
    });
    expect(await find(app, tagged('c'))).toMatchObject({ member: 'own' });
  });

  test('of names are the sorted union, and ask nobody', async () => {
    const { hub, quay, engine, find } = await start();
    await push(engine, makeImage(), 'x', parseName('team/app'));
    await push(engine, makeImage(), 'x', parseName('zoo'));
    for (const name of ['team/app', 'a/b']) quay.push(name, 'latest', makeImage());
    hub.push('library/nginx', 'latest', makeImage());
    for (const name of ['a/b', 'nginx']) await find(parseName(name));
    const asked = hub.asked.length + quay.asked.length;
    const repository = engine.repository('all');
    const names = ['a/b', 'library/nginx', 'team/app', 'zoo'];
    expect(await repository.listNames(all)).toEqual({ entries: names, more: false });
    expect(await repository.listNames({ size: 3, last: 'a/b' })).toEqual({
      entries: names.slice(1),
      more: false,
    });
    expect(await repository.listNames({ size: 2, last: undefined })).toEqual({
      entries: names.slice(0, 2),
      more: true,
    });
    expect(hub.asked.length + quay.asked.length).toBe(asked);
  });

  test('of referrers are the union, each once, in the order of digests (T16)', async () => {
    const { hub, engine, find } = await start();
    const target = makeImage();
    const more = { subject: { mediaType: '', digest: target.digest, size: 1 } };
    const [one, two, both] = [makeImage(1, more), makeImage(2, more), makeImage(3, more)];
    for (const [tag, image] of Object.entries({ two, both })) {
      hub.push('team/app', tag, image);
      await find(app, tagged(tag));
    }
    await push(engine, one, 'one');
    await push(engine, both, 'both');
    const found = await engine.repository('all').listReferrers(app, target.digest, 'local');
    expect(found.map((each) => each.digest)).toEqual([one, two, both].map((each) => each.digest).sort());
  });
});
