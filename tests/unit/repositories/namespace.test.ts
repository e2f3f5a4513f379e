import { describe, expect, test } from 'vitest';
import { namespaceOf, readNamespace } from '../../../registry/http/namespace.ts';
import { parseName, type Name } from '../../../registry/model/index.ts';
import type { ReadableRepository } from '../../../registry/repositories/repository.ts';
import { digestOf } from '../upstream/scripted.ts';
import { group, hosted, proxy, readAll, readerOf, startEngine, tagged, upload } from './engine.ts';
import { makeImage, startRegistry } from './fake-registry.ts';

const app = parseName('team/app');
const latest = tagged('latest');
const all = { size: undefined, last: undefined };

describe('the registry whose mirror we are taken for', () => {
  const hosts = new Set(['idocker.io']);
  const door = { origin: 'https://gate.test:8443' };

  test.each([
    ['docker.io', 'docker.io'],
    ['Quay.IO', 'quay.io'],
    ['localhost:5000', 'localhost:5000'],
    ['quay.io:443', 'quay.io'],
    ['10.0.0.5:5000', '10.0.0.5:5000'],
    ['', undefined],
    [undefined, undefined],
    [null, undefined],
    ['idocker.io', undefined],
    ['IDOCKER.IO:8443', undefined],
    ['not.idocker.io', 'not.idocker.io'],
  ])('%s is %s', (text, namespace) => {
    expect(readNamespace(text, hosts)).toBe(namespace);
  });

  test.each([
    ['/v2/app/manifests/1', undefined],
    ['/v2/app/manifests/1?tag=1', undefined],
    ['/v2/ns=x/manifests/1', undefined],
    ['/v2/app/manifests/1?ns=', undefined],
    ['/v2/app/manifests/1?ns=quay.io', 'quay.io'],
    ['/v2/app/blobs/uploads/?mount=sha256:1&ns=quay.io', 'quay.io'],
    ['/v2/app/manifests/1?ns=localhost%3A5000', 'localhost:5000'],
    ['/v2/app/manifests/1?ns=quay.io&ns=docker.io', 'quay.io'],
    ['/v2/app/manifests/1?ns=gate.test:8443', undefined],
    ['/v2/app/manifests/1?ns=GATE.test:8443', undefined],
    ['/v2/app/manifests/1?ns=gate.test', 'gate.test'],
    ['/v2/app/manifests/1?ns=idocker.io:8443', undefined],
  ])('in %s is %s', (url, namespace) => {
    expect(namespaceOf(url, door, hosts)).toBe(namespace);
  });
});

/** A hosted repository and two proxies behind a group in a group; `routes` keep plain names from `quay`. */
async function start() {
  const [hub, quay] = [await startRegistry(), await startRegistry()];
  const engine = await startEngine({
    own: hosted({ private: ['secret/**'] }),
    hub: proxy(hub.url, { prefix: 'docker.io', library: true }),
    quay: proxy(quay.url, { prefix: 'quay.io', routes: ['coreos/**'], tags: 'upstream' }),
    inner: group('own', 'hub', 'quay'),
    outer: group('inner'),
  });
  const within = (namespace: string, repository = 'outer'): ReadableRepository => {
    const found = engine.repository(repository).within(namespace);
    if (!found) throw new Error(`${repository} does not know ${namespace}`);
    return found;
  };
  return { hub, quay, engine, within };
}

type Started = Awaited<ReturnType<typeof start>>;

async function push({ engine }: Started, name: Name = app) {
  const image = makeImage();
  for (const blob of image.blobs) await upload(engine, 'own', name, blob);
  const { bytes } = image;
  const manifest = { name, reference: latest, tags: [], bytes, contentType: '' };
  await engine.hosted('own').putManifest({ ...manifest, seenWith: [], adoptFrom: [] });
  return image;
}

describe('a group within a namespace', () => {
  test('asks the one upstream, by its own name, whatever its routes say', async () => {
    const { hub, quay, within } = await start();
    const [first, second] = [makeImage(), makeImage()];
    hub.push('team/app', 'latest', first);
    quay.push('team/app', 'latest', second);
    expect(await within('quay.io').findManifest(app, latest, 'anywhere')).toMatchObject({
      digest: second.digest,
      member: 'quay',
    });
    expect(quay.asked).toEqual(['GET /v2/team/app/manifests/latest']);
    expect(hub.asked).toEqual([]);
    expect(await within('docker.io').findManifest(app, latest, 'anywhere')).toMatchObject({
      digest: first.digest,
      member: 'hub',
    });
    expect(quay.asked).toHaveLength(1);
  });

  test('knows an upstream by its host too, with its port', async () => {
    const { quay, within, engine } = await start();
    const image = makeImage();
    quay.push('team/app', 'latest', image);
    const { host, hostname } = new URL(quay.url);
    expect(await within(host).findManifest(app, latest, 'anywhere')).toMatchObject({ member: 'quay' });
    expect(engine.repository('outer').within(hostname)).toBeUndefined();
  });

  test('what no upstream is known by is nothing', async () => {
    const { hub, quay, engine } = await start();
    for (const namespace of ['evil.test', 'own', 'hub', 'docker.io.evil.test', 'docker', ''])
      expect(engine.repository('outer').within(namespace)).toBeUndefined();
    expect(engine.repository('hub').within('quay.io')).toBeUndefined();
    expect([...hub.asked, ...quay.asked]).toEqual([]);
  });

  test('reads blobs, tags, referrers and names there', async () => {
    const started = await start();
    const { hub, quay, within } = started;
    const image = makeImage();
    quay.push('team/app', 'latest', image);
    const layer = image.blobs[1] ?? Buffer.alloc(0);
    const view = within('quay.io');
    expect(await view.findBlob(app, digestOf(layer), 'anywhere')).toMatchObject({ member: 'quay' });
    const opened = await view.openBlob(app, digestOf(layer), 'anywhere');
    expect((await readAll(readerOf(opened))).equals(layer)).toBe(true);
    await view.findManifest(app, latest, 'anywhere');
    expect(await view.listTags(app, all, 'anywhere')).toMatchObject({ entries: ['latest'] });
    expect(await view.listReferrers(app, image.digest, 'anywhere')).toEqual([]);
    expect(quay.count('GET /v2/team/app/tags/list')).toBe(1);
    expect(quay.count('GET /v2/team/app/referrers/')).toBe(1);
    expect((await view.listNames(all)).entries).toEqual(['team/app']);
    expect((await within('docker.io').listNames(all)).entries).toEqual([]);
    expect(hub.asked).toEqual([]);
  });

  test('what is pushed here is read before the upstream, and adopted from its places', async () => {
    const started = await start();
    const { quay, within } = started;
    const pushed = await push(started);
    quay.push('team/app', 'latest', makeImage());
    const view = within('quay.io');
    expect(await view.findManifest(app, latest, 'anywhere')).toMatchObject({
      digest: pushed.digest,
      member: 'own',
    });
    expect(quay.asked).toEqual([]);
    expect(view.placesOf(app)).toEqual([
      { repository: 'own', name: 'team/app' },
      { repository: 'quay', name: 'team/app' },
    ]);
    expect(view.holders).toEqual(['own', 'quay']);
  });

  test('one cache serves all three ways to name an upstream', async () => {
    const { quay, engine, within } = await start();
    const image = makeImage();
    quay.push('coreos/etcd', 'latest', image);
    const etcd = parseName('coreos/etcd');
    await within('quay.io').findManifest(etcd, latest, 'anywhere');
    for (const name of [etcd, parseName('quay.io/coreos/etcd')])
      expect(await engine.repository('quay').findManifest(name, latest, 'anywhere')).toMatchObject({
        digest: image.digest,
      });
    expect(quay.asked).toHaveLength(1);
  });

  test('x is library/x there where its upstream has it so, and only there', async () => {
    const { hub, quay, within } = await start();
    await within('docker.io').findManifest(parseName('nginx'), latest, 'anywhere');
    await within('quay.io').findManifest(parseName('nginx'), latest, 'anywhere');
    expect(hub.asked).toEqual(['GET /v2/library/nginx/manifests/latest']);
    expect(quay.asked).toEqual(['GET /v2/nginx/manifests/latest']);
  });

  test.each(['secret/app', 'quay.io/secret/app', 'other.test/secret/app', 'docker.io/quay.io/secret/app'])(
    'the private %s is asked of nobody',
    async (name) => {
      const { hub, quay, within } = await start();
      for (const namespace of ['docker.io', 'quay.io', new URL(quay.url).host]) {
        const view = within(namespace);
        const { digest } = makeImage();
        expect(await view.findManifest(parseName(name), latest, 'anywhere')).toBeUndefined();
        expect(await view.findManifest(parseName(name), { digest }, 'anywhere')).toBeUndefined();
        expect(await view.findBlob(parseName(name), digest, 'anywhere')).toBeUndefined();
        expect(await view.openBlob(parseName(name), digest, 'anywhere')).toBeUndefined();
        expect(await view.listTags(parseName(name), all, 'anywhere')).toBeUndefined();
        expect(await view.listReferrers(parseName(name), digest, 'anywhere')).toEqual([]);
        await view.explain(parseName(name), latest);
      }
      expect([...hub.asked, ...quay.asked]).toEqual([]);
    },
  );
});

describe('what has no upstream', () => {
  test('a hosted repository and a group of such are the same in every namespace', async () => {
    const image = makeImage();
    const engine = await startEngine({ own: hosted(), more: hosted(), all: group('own', 'more') });
    await upload(engine, 'own', app, image.blobs[1] ?? Buffer.alloc(0));
    for (const repository of ['own', 'all']) {
      const view = engine.repository(repository).within('docker.io');
      expect(await view?.findBlob(app, digestOf(image.blobs[1] ?? ''), 'local')).toBeDefined();
    }
  });
});
