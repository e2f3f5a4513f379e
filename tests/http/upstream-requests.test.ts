import type http from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LoggedRequest } from '../support/access-log.ts';
import { makeImage, TYPES, type Image } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { eventually } from '../support/process-facts.ts';
import { createClient, expectStatus, pullBlob, type RegistryClient } from '../support/registry-client.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedBlob, seedImage, seedManifest } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';
import { startRegistry, type FakeRegistry } from '../unit/repositories/fake-registry.ts';

const accept = TYPES.oci.manifest;
const account = { user: 'robot', password: 's3cret' };

/** Reads the blobs of a manifest as every client does, all that it has not yet. */
async function pullBlobs(client: RegistryClient, name: string, { config, layers }: Image): Promise<void> {
  for (const { digest } of [config, ...layers])
    expect(await pullBlob(client, name, digest)).toMatchObject({ status: 200, digest, whole: true });
}

/** How a client goes about a pull, and gives the digest that the tag had for it. */
type Pull = (client: RegistryClient, name: string, image: Image) => Promise<unknown>;

/** With a token for pulling alone, as clients ask for: a HEAD with the right to push is part of a push. */
async function askForTag(client: RegistryClient, method: 'GET' | 'HEAD', name: string): Promise<string> {
  const { body } = await client.send('GET', `/v2/token?scope=repository:${name}:pull`);
  const { token } = JSON.parse(body.toString()) as { token: string };
  const headers = { accept, authorization: `Bearer ${token}` };
  const reply = await expectStatus(200, client.send(method, `/v2/${name}/manifests/1`, { headers }));
  return String(reply.headers['docker-content-digest']);
}

/** HEAD by tag, then everything by digest: docker and containerd. */
const likeDocker: Pull = async (client, name, image) => {
  const digest = await askForTag(client, 'HEAD', name);
  await expectStatus(200, client.send('GET', `/v2/${name}/manifests/${digest}`, { headers: { accept } }));
  if (digest === image.manifest.digest) await pullBlobs(client, name, image);
  return digest;
};

/** GET by tag: podman, buildah and skopeo. */
const likePodman: Pull = async (client, name, image) => {
  const digest = await askForTag(client, 'GET', name);
  if (digest === image.manifest.digest) await pullBlobs(client, name, image);
  return digest;
};

/** HEAD by tag and no more: what looks whether there is something new. */
const headOnly: Pull = (client, name) => askForTag(client, 'HEAD', name);

const PULLS = { docker: likeDocker, podman: likePodman, 'head-only': headOnly } as const;
const NAMES = ['docker', 'podman', 'head-only'] as const;

type Images = Readonly<Record<(typeof NAMES)[number], Image>>;

/** How many requests of each kind an upstream answered for a name, such as `HEAD manifests`. */
function countsOf(requests: readonly LoggedRequest[], name: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { method, path, status } of requests) {
    const [, kind] = new RegExp(`^/v2/library/${name}/([a-z]+)/`).exec(path) ?? [];
    if (kind === undefined) continue;
    const key = `${method} ${kind}${status === 200 ? '' : ` ${status}`}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describeWith(['docker-registry', 'openssl'], 'requests that an upstream sees', () => {
  let place: Place;
  let upstream: Upstream;
  let dockgate: LoopbackDockgate | undefined;
  let images: Images;

  /** A new image under each name, its layers of these sizes. */
  const seed = async (layers: readonly number[]): Promise<Images> => ({
    docker: await seedImage(upstream, 'library/docker', '1', { layers }),
    podman: await seedImage(upstream, 'library/podman', '1', { layers }),
    'head-only': await seedImage(upstream, 'library/head-only', '1', { layers }),
  });
  /** Starts Dockgate with these settings of the proxy on what the one before it has cached. */
  const withSettings = async (settings: object): Promise<void> => {
    await dockgate?.stop();
    const hub = { type: 'proxy', upstream: upstream.url, prefix: 'docker.io', ...settings };
    const data = dockgate === undefined ? {} : { data: dockgate.data };
    dockgate = await startLoopbackDockgate(place, { ...data, proxies: { hub } });
  };
  const usingClient = async (act: (client: RegistryClient) => Promise<unknown>): Promise<void> => {
    if (dockgate === undefined) throw new Error('it was not started');
    const client = createClient(dockgate);
    await act(client);
    client.close();
  };
  /** What the upstream answered while each client pulled, and got what is expected. */
  const countPulls = async (): Promise<Record<string, object>> => {
    await upstream.forget();
    await usingClient(async (client) => {
      for (const name of NAMES) {
        const image = images[name];
        expect(await PULLS[name](client, `library/${name}`, image)).toBe(image.manifest.digest);
      }
    });
    const requests = await upstream.requests();
    return Object.fromEntries(NAMES.map((name) => [name, countsOf(requests, name)]));
  };
  beforeAll(async () => {
    place = await createLoopback();
    upstream = await createUpstream(place);
    images = await seed([1000, 2000]);
    await withSettings({ tagMaxAge: '1h' });
  });
  afterAll(() => place.close());

  test('first pull: one GET for the manifest and one for each blob, and no HEAD', async () => {
    expect(await countPulls()).toEqual({
      docker: { 'GET manifests': 1, 'GET blobs': 3 },
      podman: { 'GET manifests': 1, 'GET blobs': 3 },
      'head-only': { 'GET manifests': 1 },
    });
  });

  test('second pull: none', async () => {
    expect(await countPulls()).toEqual({ docker: {}, podman: {}, 'head-only': {} });
  });

  test('pull of another name for the same: one GET for the manifest, and a HEAD to confirm each blob', async () => {
    const name = 'library/twin';
    const { docker } = images;
    for (const blob of [...docker.layers, docker.config]) await seedBlob(upstream, name, blob);
    await seedManifest(upstream, name, '1', docker.manifest);
    await upstream.forget();
    await usingClient((client) => likeDocker(client, name, docker));
    expect(countsOf(await upstream.requests(), 'twin')).toEqual({ 'GET manifests': 1, 'HEAD blobs': 3 });
  });

  test('pull after tagMaxAge of what has not changed: one HEAD, which costs no quota', async () => {
    await withSettings({ tagMaxAge: '0s' });
    expect(await countPulls()).toEqual({
      docker: { 'HEAD manifests': 1 },
      podman: { 'HEAD manifests': 1 },
      'head-only': { 'HEAD manifests': 1 },
    });
  });

  test('pull after tagMaxAge of what has changed: one HEAD, and one GET for each new thing', async () => {
    images = await seed([3000]);
    expect(await countPulls()).toEqual({
      docker: { 'HEAD manifests': 1, 'GET manifests': 1, 'GET blobs': 2 },
      podman: { 'HEAD manifests': 1, 'GET manifests': 1, 'GET blobs': 2 },
      'head-only': { 'HEAD manifests': 1, 'GET manifests': 1 },
    });
  });

  test('offline: none', async () => {
    await withSettings({ tagMaxAge: '0s', offline: true });
    expect(await countPulls()).toEqual({ docker: {}, podman: {}, 'head-only': {} });
  });
});

describeWith(['docker-registry', 'openssl'], 'requests that an upstream with a token realm sees', () => {
  test('one 401 and one token for a whole pull, and nothing for the next', async () => {
    await using place = await createLoopback();
    const upstream = await createUpstream(place, { auth: { type: 'token', account } });
    const image = await seedImage(upstream, 'library/docker', '1', { layers: [1000, 2000] });
    const { user: username, password } = account;
    const hub = { type: 'proxy', upstream: upstream.url, prefix: 'docker.io', username, password };
    const dockgate = await startLoopbackDockgate(place, { proxies: { hub } });
    const client = createClient(dockgate);
    await upstream.forget();
    const earlier = (await upstream.realmRequests()).length;
    await likeDocker(client, 'library/docker', image);
    const first = { 'GET manifests': 1, 'GET manifests 401': 1, 'GET blobs': 3 };
    expect(countsOf(await upstream.requests(), 'docker')).toEqual(first);
    const asked = (await upstream.realmRequests()).slice(earlier);
    expect(asked).toHaveLength(1);
    expect(decodeURIComponent(asked[0]?.path ?? '')).toContain('scope=repository:library/docker:pull');

    await likeDocker(client, 'library/docker', image);
    expect(countsOf(await upstream.requests(), 'docker')).toEqual(first);
    expect(await upstream.realmRequests()).toHaveLength(earlier + 1);
    client.close();
  });
});

describe('an old answer that goes out while it is revalidated', () => {
  const NAME = 'library/app';
  const MANIFEST = `/v2/${NAME}/manifests/1`;
  let place: Place;
  let upstream: FakeRegistry;
  let dockgate: LoopbackDockgate;
  let client: RegistryClient;
  beforeEach(async () => {
    place = await createLoopback();
    upstream = await startRegistry();
    const hub = { type: 'proxy', upstream: upstream.url, tagMaxAge: '0s', staleWhileRevalidate: '1h' };
    dockgate = await startLoopbackDockgate(place, { proxies: { hub } });
    client = createClient(dockgate);
  });
  afterEach(async () => {
    client.close();
    await place.close();
  });

  const push = (): Image => {
    const image = makeImage();
    const blobs = [...image.layers, image.config].map(({ bytes }) => bytes);
    upstream.push(NAME, '1', { bytes: image.manifest.bytes, digest: image.manifest.digest as never, blobs });
    return image;
  };
  /** The upstream keeps every HEAD waiting until all are let go. */
  const holdHeads = (): { held: () => number; release: () => void } => {
    const waiting: http.ServerResponse[] = [];
    upstream.behave((request, response) => {
      if (request.method !== 'HEAD') return false;
      waiting.push(response);
      return true;
    });
    const release = (): void => {
      upstream.behave(undefined);
      // The connection breaks and the question is asked again, or not: what counts was counted.
      for (const response of waiting) response.destroy();
    };
    return { held: () => waiting.length, release };
  };

  test('many pulls get it at once, and behind them is one HEAD that nobody waits for', async () => {
    const { manifest } = push();
    await likePodman(client, NAME, makeImage());
    const { held, release } = holdHeads();
    const pulls = Array.from({ length: 20 }, () => askForTag(client, 'GET', NAME));
    // Were one of them waiting for the upstream, which answers no HEAD now, it would never end.
    expect(new Set(await Promise.all(pulls))).toEqual(new Set([manifest.digest]));
    expect(await eventually(() => held() === 1)).toBe(true);
    expect(await askForTag(client, 'HEAD', NAME)).toBe(manifest.digest);
    expect(held()).toBe(1);
    release();
  });

  test('of what has not changed costs one HEAD', async () => {
    const image = push();
    await likeDocker(client, NAME, image);
    expect(upstream.asked).toEqual([
      `GET ${MANIFEST}`,
      ...[image.config, ...image.layers].map(({ digest }) => `GET /v2/${NAME}/blobs/${digest}`),
    ]);
    const before = upstream.asked.length;
    await likeDocker(client, NAME, image);
    expect(await eventually(() => upstream.asked.length > before)).toBe(true);
    expect(upstream.asked.slice(before)).toEqual([`HEAD ${MANIFEST}`]);
  });

  test('of what has changed costs one HEAD and one GET, and the next pull has it', async () => {
    await likePodman(client, NAME, push());
    const before = upstream.asked.length;
    const next = push();
    await likePodman(client, NAME, next);
    expect(await eventually(() => upstream.asked.length === before + 2)).toBe(true);
    expect(upstream.asked.slice(before)).toEqual([`HEAD ${MANIFEST}`, `GET ${MANIFEST}`]);
    const isNew = async (): Promise<boolean> =>
      (await askForTag(client, 'HEAD', NAME)) === next.manifest.digest;
    expect(await eventually(isNew)).toBe(true);
  });
});
