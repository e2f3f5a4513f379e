import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseDigest, parseName } from '../../registry/model/index.ts';
import { evict, type Evicted } from '../../registry/upkeep/evict.ts';
import type { Blob, Image } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { eventually } from '../support/process-facts.ts';
import {
  createClient,
  expectStatus,
  findDamage,
  pullBlob,
  pushBlob,
  pushManifest,
  startUpload,
  type RegistryClient,
} from '../support/registry-client.ts';
import { describeWith } from '../support/require-programs.ts';
import { openStores, type SecondStores } from '../support/second-stores.ts';
import { seedImage } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const NAME = 'team/app';
const MIB = 1024 * 1024;
const ROUNDS = 12;
const never = new AbortController().signal;

describeWith(['docker-registry'], 'a cache of two gateways with a limit', () => {
  let place: Place;
  let upstream: Upstream;
  let gateways: LoopbackDockgate[];
  let one: RegistryClient;
  let other: RegistryClient;
  let stores: SecondStores;
  let evicted: Evicted[];

  beforeEach(async () => {
    place = await createLoopback();
    upstream = await createUpstream(place);
    const proxies = { hub: { type: 'proxy', upstream: upstream.url } };
    const first = await startLoopbackDockgate(place, { proxies });
    const second = await startLoopbackDockgate(place, { proxies, data: first.data });
    gateways = [first, second];
    [one, other] = [createClient(first), createClient(second)];
    stores = await openStores(first.data);
    evicted = [];
  });
  afterEach(async () => {
    one.close();
    other.close();
    await stores.close();
    await place.close();
    for (const { server } of gateways) expect(server.output()).not.toContain('"level":"error"');
  });

  /** Evicts in a third process, this one, as the gateways do by themselves every few minutes. */
  async function evictTo(maxSize: number): Promise<void> {
    const { metadata, blobs } = stores;
    const faults: unknown[] = [];
    const parts = {
      ...{ eviction: metadata.eviction, claims: metadata.claims, blobs },
      onEvicted: (each: Evicted) => void evicted.push(each),
      onFault: (fault: unknown) => void faults.push(fault),
    };
    const caches = [{ repository: 'hub', maxSize, maxUnused: undefined }];
    expect(await evict(parts, caches, never)).toBe(true);
    expect(faults).toEqual([]);
  }

  const seed = (tag: string, layers: readonly number[] = [MIB]): Promise<Image> =>
    seedImage(upstream, NAME, tag, { layers });

  /** Lets these be downloaded to the end, and then be there for so long that nothing protects that end any more. */
  async function waitLong(...images: readonly Image[]): Promise<void> {
    const digests = images.flatMap(({ layers, config }) => [...layers, config]).map((each) => each.digest);
    const isOver = async (): Promise<boolean> => {
      const found = digests.map((each) => stores.metadata.downloads.find(parseDigest(each)));
      return (await Promise.all(found)).every((each) => each === undefined);
    };
    expect(await eventually(isOver)).toBe(true);
    const database = new DatabaseSync(join(gateways[0]?.data ?? '', 'metadata.db'), { timeout: 5000 });
    const unpin = database.prepare('delete from pins where digest = ?');
    for (const digest of digests) unpin.run(digest);
    database.close();
  }

  /** Whether the layers of an image are files. */
  async function areHere({ layers }: Image): Promise<boolean[]> {
    const folder = join(gateways[0]?.data ?? '', 'blobs', 'sha256');
    return Promise.all(
      layers.map(async ({ digest }) => {
        const hex = digest.slice('sha256:'.length);
        return access(join(folder, hex.slice(0, 2), hex)).then(
          () => true,
          () => false,
        );
      }),
    );
  }

  /** Pushes as docker does: what HEAD finds is not sent. Answers how many blobs were sent. */
  async function push(client: RegistryClient, name: string, image: Image): Promise<number> {
    const send = async (blob: Blob): Promise<number> => {
      const { status } = await client.send('HEAD', `/v2/${name}/blobs/${blob.digest}`);
      if (status !== 200) await pushBlob(client, name, blob);
      return status === 200 ? 0 : 1;
    };
    const sent = await Promise.all([...image.layers, image.config].map(send));
    await pushManifest(client, name, 'latest', image);
    return sent.reduce((sum, each) => sum + each, 0);
  }

  test('keeps what was pulled last; the rest goes, its files too, and comes again when it is pulled', async () => {
    const tags = ['a', 'b', 'c', 'd'];
    const images = [await seed('a'), await seed('b'), await seed('c'), await seed('d')] as const;
    const [a, b, , d] = images;
    for (const [index, image] of images.entries())
      expect(await findDamage(one, NAME, tags[index] ?? '', image)).toEqual([]);
    // An hour later `a` was pulled by somebody who had its layer already.
    const digest = parseDigest(a.manifest.digest);
    const pulled = { place: { repository: 'hub', name: parseName(NAME) }, digest };
    await stores.metadata.usage.pulled([pulled], Date.now() + 3_600_000);

    await waitLong(...images);
    await evictTo(3 * MIB);
    expect(await Promise.all(images.map(areHere))).toEqual([[true], [false], [false], [true]]);
    const [gone] = evicted;
    expect(gone).toMatchObject({ repository: 'hub', manifests: 0 });
    expect(gone?.bytes).toBeGreaterThan(2 * MIB);
    await upstream.stop();
    expect(await findDamage(other, NAME, 'a', a)).toEqual([]);
    expect(await findDamage(other, NAME, 'd', d)).toEqual([]);
    expect(await findDamage(other, NAME, 'b', b)).not.toEqual([]);
    await upstream.start();
    await evictTo(3 * MIB);
    expect(evicted).toHaveLength(1);
  });

  test('gives what was evicted again through either gateway', async () => {
    const image = await seed('a');
    expect(await findDamage(one, NAME, 'a', image)).toEqual([]);
    for (const client of [one, other, one]) {
      await waitLong(image);
      await evictTo(0);
      expect(await areHere(image)).toEqual([false]);
      expect(await findDamage(client, NAME, 'a', image)).toEqual([]);
    }
  });

  test('leaves a hosted image whole that has adopted its layers', async () => {
    const image = await seed('a', [MIB, 1000]);
    const alone = await seed('b');
    expect(await findDamage(one, NAME, 'a', image)).toEqual([]);
    expect(await findDamage(one, NAME, 'b', alone)).toEqual([]);
    expect(await push(one, NAME, image)).toBe(0);
    await waitLong(image, alone);
    await evictTo(0);
    expect(await areHere(image)).toEqual([true, true]);
    expect(await areHere(alone)).toEqual([false]);
    await upstream.stop();
    for (const client of [one, other]) expect(await findDamage(client, NAME, 'latest', image)).toEqual([]);
  });

  test('lets a pull that has begun end', async () => {
    const image = await seed('a', [8 * MIB]);
    expect(await findDamage(one, NAME, 'a', image)).toEqual([]);
    const [layer] = image.layers as [Blob];
    const answer = await one.open('GET', `/v2/${NAME}/blobs/${layer.digest}`);
    await waitLong(image);
    await evictTo(0);
    expect(await areHere(image)).toEqual([false]);
    const pieces: Buffer[] = [];
    for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(layer.bytes)).toBe(true);
  });

  test('keeps what it has promised to a push', async () => {
    const image = await seed('a');
    expect(await findDamage(one, NAME, 'a', image)).toEqual([]);
    for (const { digest } of [...image.layers, image.config])
      await expectStatus(200, one.send('HEAD', `/v2/${NAME}/blobs/${digest}`));
    await evictTo(0);
    await pushManifest(other, NAME, 'latest', image);
    await upstream.stop();
    expect(await findDamage(one, NAME, 'latest', image)).toEqual([]);
  });

  test('does not take away with the rest what is pushed in the same moment', async () => {
    for (let round = 0; round < 4 * ROUNDS; round += 1) {
      const image = await seed(`a${round}`, [1000]);
      const [layer] = image.layers as [Blob];
      expect((await pullBlob(one, NAME, layer.digest)).digest).toBe(layer.digest);
      const path = await startUpload(other, 'team/own');
      await expectStatus(202, other.send('PATCH', path, { body: layer.bytes }));
      await waitLong(image);
      await Promise.all([evictTo(0), expectStatus(201, other.send('PUT', `${path}?digest=${layer.digest}`))]);
      await evictTo(0);
      expect((await pullBlob(one, 'team/own', layer.digest)).digest).toBe(layer.digest);
    }
  });

  test('is right while images are pulled, adopted and evicted at once', async () => {
    const layers = [200_000, 30_000];
    const shared = await Promise.all(
      ['a', 'b', 'c'].map(async (tag) => ({ tag, image: await seed(tag, layers) })),
    );
    const clients = [one, other];
    const hosted: { name: string; image: Image }[] = [];
    const pull = async (client: RegistryClient, pulled: typeof shared): Promise<string[]> => {
      const damage: string[] = [];
      for (const { tag, image } of pulled) damage.push(...(await findDamage(client, NAME, tag, image)));
      return damage;
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      // What was promised to a push stays for long, so that only a new image is evicted under it.
      const tag = `new-${round}`;
      const image = await seed(tag, layers);
      expect(await Promise.all(clients.map((client) => pull(client, [{ tag, image }])))).toEqual([[], []]);
      await waitLong(image, ...shared.map((each) => each.image));
      const state = { over: false };
      const evicting = async (): Promise<void> => {
        for (let each = 0; each < 1000 && !state.over; each += 1) await evictTo(0);
      };
      const pushes = clients.map(async (client, index) => {
        const name = `team/own-${round}-${index}`;
        // One adopts first what the cache holds, the other sends what it may be about to lose.
        for (const each of index === 0 ? [NAME, name] : [name, NAME]) await push(client, each, image);
        hosted.push({ name, image });
      });
      const pulls = [...clients, ...clients].map((client) => pull(client, [...shared, { tag, image }]));
      const work = Promise.all([Promise.all(pulls), ...pushes]).finally(() => {
        state.over = true;
      });
      const [[damage]] = await Promise.all([work, evicting()]);
      expect(damage.flat()).toEqual([]);
    }
    await evictTo(0);
    await upstream.stop();
    for (const { name, image } of hosted)
      for (const client of clients) expect(await findDamage(client, name, 'latest', image)).toEqual([]);
    expect(evicted.length).toBeGreaterThanOrEqual(ROUNDS);
  });
});
