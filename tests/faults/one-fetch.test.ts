import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startCountingRelay, type CountingRelay } from '../support/counting-relay.ts';
import { digestOf, TYPES, type Blob, type Image } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { eventually } from '../support/process-facts.ts';
import { createClient, expectStatus, readPull, type RegistryClient } from '../support/registry-client.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const MIB = 1024 * 1024;
const CLIENTS = 100;
/** Bytes that may come from the upstream for each byte of an image. */
const WITH_HEADERS = 1.02;

/** A gateway with a way of its own to the upstream, on which its bytes are counted and can be kept back. */
interface Way {
  readonly relay: CountingRelay;
  readonly dockgate: LoopbackDockgate;
}

function sizeOf({ config, layers, manifest }: Image): number {
  return [config, ...layers, manifest].reduce((sum, { bytes }) => sum + bytes.length, 0);
}

/** What has come of a blob that is being pulled. */
interface Pull {
  readonly got: () => number;
  /** Fulfils with `206 sha256:… whole` when the answer has ended. */
  readonly ended: Promise<string>;
  readonly leave: () => void;
}

async function startPull(
  client: RegistryClient,
  name: string,
  digest: string,
  headers: Record<string, string> = {},
): Promise<Pull> {
  const answer = await client.open('GET', `/v2/${name}/blobs/${digest}`, { headers });
  let got = 0;
  answer.on('data', (piece: Buffer) => (got += piece.length));
  const ended = readPull(answer).then(
    (pulled) => `${pulled.status} ${pulled.digest} ${pulled.whole ? 'whole' : 'broken'}`,
  );
  return { got: () => got, ended, leave: () => answer.destroy() };
}

/** The way there is docker's, a HEAD first, or podman's. */
type Like = 'docker' | 'podman';

/** Pulls all of an image, its blobs at once, and answers what is not as it should be. */
async function pullImage(client: RegistryClient, name: string, image: Image, like: Like): Promise<string[]> {
  // With the right to push as well a HEAD would be part of a push.
  const { body } = await client.send('GET', `/v2/token?scope=repository:${name}:pull`);
  const { token } = JSON.parse(body.toString()) as { token: string };
  const headers = { accept: TYPES.oci.manifest, authorization: `Bearer ${token}` };
  const path = `/v2/${name}/manifests/1`;
  if (like === 'docker') await expectStatus(200, client.send('HEAD', path, { headers }));
  const manifest = await expectStatus(200, client.send('GET', path, { headers }));
  const pulls = [image.config, ...image.layers].map(async ({ digest }) => {
    const outcome = await (await startPull(client, name, digest)).ended;
    return outcome === `200 ${digest} whole` ? [] : [`${digest} answered ${outcome}`];
  });
  const damage = (await Promise.all(pulls)).flat();
  return manifest.body.equals(image.manifest.bytes) ? damage : ['another manifest', ...damage];
}

describeWith(['docker-registry'], 'one fetch for all', () => {
  let place: Place;
  let upstream: Upstream;
  let one: Way;
  let other: Way;
  const clients: RegistryClient[] = [];

  beforeAll(async () => {
    place = await createLoopback();
    upstream = await createUpstream(place);
    one = await open();
    other = await open(one.dockgate.data);
  });
  afterEach(() => {
    for (const { relay } of [one, other]) relay.release();
    for (const client of clients.splice(0)) client.close();
  });
  afterAll(async () => {
    await place.close();
    await Promise.all([one.relay.close(), other.relay.close()]);
    expect(one.dockgate.server.output()).not.toMatch(/"level":"error"|unhandled/);
  });

  async function open(data?: string): Promise<Way> {
    const relay = await startCountingRelay(upstream.url);
    const proxies = { hub: { type: 'proxy', upstream: relay.url, tagMaxAge: '1h' } };
    const dockgate = await startLoopbackDockgate(place, { proxies, ...(data !== undefined && { data }) });
    return { relay, dockgate };
  }

  function clientOf({ dockgate }: Way): RegistryClient {
    const client = createClient(dockgate);
    clients.push(client);
    return client;
  }

  /** An image that nobody has asked for; its layers have these sizes. */
  async function seed(name: string, layers = [12 * MIB, 5 * MIB, 3 * MIB]): Promise<Image> {
    const image = await seedImage(upstream, name, '1', { layers });
    await upstream.forget();
    return image;
  }

  /** How often the upstream sent each part, such as `blobs/sha256:… 200`. */
  async function sent(name: string): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { method, path, status } of await upstream.requests()) {
      if (method !== 'GET' || !path.startsWith(`/v2/${name}/`)) continue;
      const key = `${path.slice(`/v2/${name}/`.length)} ${status}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  }

  function passed(): number {
    return one.relay.passed() + other.relay.passed();
  }

  /** So many clients at once, each with connections of its own, as on so many machines. */
  async function pullByMany(ways: readonly Way[], name: string, image: Image): Promise<void> {
    const before = passed();
    const pulls = Array.from({ length: CLIENTS }, (_, index) => {
      const client = clientOf(ways[index % ways.length] ?? one);
      return pullImage(client, name, image, index % 4 < 2 ? 'docker' : 'podman');
    });
    expect((await Promise.all(pulls)).flat()).toEqual([]);
    const blobs = [image.config, ...image.layers].map(({ digest }) => [`blobs/${digest} 200`, 1] as const);
    expect(await sent(name)).toEqual({ 'manifests/1 200': 1, ...Object.fromEntries(blobs) });
    expect((passed() - before) / sizeOf(image)).toBeLessThanOrEqual(WITH_HEADERS);
  }

  test(`${CLIENTS} clients pull an image that nobody has asked for`, { timeout: 120_000 }, async () => {
    await pullByMany([one], 'team/first', await seed('team/first'));
  });

  test(`${CLIENTS} clients of two gateways on one data folder pull it`, { timeout: 120_000 }, async () => {
    await pullByMany([one, other], 'team/shared', await seed('team/shared'));
  });

  /** Begins a fill through a gateway, which stops when half of the layer is here. */
  async function fillHalf(name: string, way: Way): Promise<{ layer: Blob; first: Pull }> {
    const [layer] = (await seed(name, [20 * MIB])).layers;
    if (!layer) throw new Error('an image without layers');
    way.relay.holdAfter(10 * MIB);
    const first = await startPull(clientOf(way), name, layer.digest);
    // All but the headers.
    expect(await eventually(() => way.relay.isHolding() && first.got() > 10 * MIB - 1000)).toBe(true);
    return { layer, first };
  }

  test('a client that leaves first does not stop it, and one that comes late joins', async () => {
    const { layer, first } = await fillHalf('team/left', one);
    first.leave();
    expect(await first.ended).toContain('broken');
    const late = await startPull(clientOf(one), 'team/left', layer.digest);
    expect(await eventually(() => late.got() > 9 * MIB)).toBe(true);
    one.relay.release();
    expect(await late.ended).toBe(`200 ${layer.digest} whole`);
    expect(await sent('team/left')).toEqual({ [`blobs/${layer.digest} 200`]: 1 });
  });

  test('it goes on when everybody has left', async () => {
    const { layer, first } = await fillHalf('team/deserted', one);
    first.leave();
    await first.ended;
    one.relay.release();
    // The upstream has nothing more to send: it logs a request when that has ended.
    expect(await eventually(async () => Object.keys(await sent('team/deserted')).length === 1)).toBe(true);
    const late = await startPull(clientOf(one), 'team/deserted', layer.digest);
    expect(await late.ended).toBe(`200 ${layer.digest} whole`);
    expect(await sent('team/deserted')).toEqual({ [`blobs/${layer.digest} 200`]: 1 });
  });

  test('a part is sent while it fills, through either gateway', async () => {
    const { layer, first } = await fillHalf('team/part', one);
    const part = (from: number, to: number): string => {
      return `206 ${digestOf(layer.bytes.subarray(from, to))} whole`;
    };
    const end = layer.bytes.length;
    const later: Promise<Pull>[] = [];
    for (const way of [one, other]) {
      // What is here goes out though the rest is held back.
      const now = { range: `bytes=${MIB}-${2 * MIB - 1}` };
      const pull = await startPull(clientOf(way), 'team/part', layer.digest, now);
      expect(await pull.ended).toBe(part(MIB, 2 * MIB));
      later.push(
        startPull(clientOf(way), 'team/part', layer.digest, { range: `bytes=${15 * MIB}-` }),
        startPull(clientOf(way), 'team/part', layer.digest, { range: 'bytes=-1000' }),
      );
    }
    one.relay.release();
    const outcomes = await Promise.all((await Promise.all(later)).map(({ ended }) => ended));
    expect(outcomes).toEqual([one, other].flatMap(() => [part(15 * MIB, end), part(end - 1000, end)]));
    expect(await first.ended).toBe(`200 ${layer.digest} whole`);
    expect(await sent('team/part')).toEqual({ [`blobs/${layer.digest} 200`]: 1 });
  });

  test('another gateway goes on when the one that fetches is killed', { timeout: 120_000 }, async () => {
    const { layer, first } = await fillHalf('team/killed', other);
    const before = passed() - 10 * MIB;
    const many = (way: Way): Promise<Pull>[] =>
      Array.from({ length: CLIENTS / 2 }, () => startPull(clientOf(way), 'team/killed', layer.digest));
    const [lost, kept] = await Promise.all([Promise.all(many(other)), Promise.all(many(one))]);
    expect(await eventually(() => kept.every(({ got }) => got() > 9 * MIB))).toBe(true);
    await other.dockgate.kill();
    other.relay.release();
    expect(new Set(await Promise.all(kept.map(({ ended }) => ended)))).toEqual(
      new Set([`200 ${layer.digest} whole`]),
    );
    // Theirs broke off, and none of them took it for whole.
    for (const { ended } of [first, ...lost]) expect(await ended).toMatch(/ broken$/);
    expect(await sent('team/killed')).toEqual({
      [`blobs/${layer.digest} 200`]: 1,
      [`blobs/${layer.digest} 206`]: 1,
    });
    expect((passed() - before) / layer.bytes.length).toBeLessThanOrEqual(WITH_HEADERS);
    await other.dockgate.start();
    const again = await startPull(clientOf(other), 'team/killed', layer.digest);
    expect(await again.ended).toBe(`200 ${layer.digest} whole`);
  });
});
