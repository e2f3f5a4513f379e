import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseName, type Platforms } from '../../registry/model/index.ts';
import { buildRepositories } from '../../registry/repositories/index.ts';
import type { PrefetchEvent } from '../../registry/repositories/prefetch-event.ts';
import { prefetch } from '../../registry/repositories/prefetch.ts';
import type { Image, Manifest } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { createClient, expectStatus, findDamage, type RegistryClient } from '../support/registry-client.ts';
import { describeWith } from '../support/require-programs.ts';
import { openStores, type SecondStores } from '../support/second-stores.ts';
import { seedIndex } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';
import { proxy, tagged } from '../unit/repositories/engine.ts';

const NAME = 'team/app';

describeWith(
  ['docker-registry'],
  "an index of Debian's docker-registry that was prefetched for amd64",
  () => {
    let place: Place;
    let upstream: Upstream;
    let dockgate: LoopbackDockgate;
    let client: RegistryClient;
    let stores: SecondStores;
    let index: Manifest;
    let amd64: Image;
    let arm64: Image;
    let events: PrefetchEvent[];

    beforeAll(async () => {
      place = await createLoopback();
      upstream = await createUpstream(place);
      const seeded = await seedIndex(upstream, NAME, '1.0');
      index = seeded.index;
      [amd64, arm64] = ['amd64', 'arm64'].map((each) => seeded.images[each]) as [Image, Image];
      dockgate = await startLoopbackDockgate(place, {
        proxies: { hub: { type: 'proxy', upstream: upstream.url } },
      });
      client = createClient(dockgate);
      stores = await openStores(dockgate.data);
      await upstream.forget();
      events = await run(['linux/amd64']);
    });
    afterAll(async () => {
      client.close();
      await stores.close();
      await place.close();
    });

    /** Prefetches in this process what the gateway then has in its own. */
    async function run(platforms: Platforms): Promise<PrefetchEvent[]> {
      const faults: unknown[] = [];
      const settings = new Map([['hub', proxy(upstream.url)]]);
      const repositories = buildRepositories(settings, stores, {
        me: 'this process',
        onFault: (fault) => faults.push(fault),
      });
      const hub = repositories.get('hub');
      if (!hub) throw new Error('there is no hub');
      const image = { name: parseName(NAME), reference: tagged('1.0') };
      const { signal } = new AbortController();
      const all: PrefetchEvent[] = [];
      for await (const event of prefetch(hub, [image], { platforms, signal })) all.push(event);
      await repositories.close();
      expect(faults).toEqual([]);
      return all.filter(({ kind }) => kind !== 'progress');
    }

    test('told of the index, the manifest and two blobs', () => {
      expect(events.map(({ kind }) => kind)).toEqual(['manifest', 'manifest', 'blob', 'blob', 'done']);
      expect(events.at(-1)).toMatchObject({ image: 'team/app:1.0', blobs: 2, held: 0 });
    });

    test('cost the upstream one download of each part, and nothing of arm64', async () => {
      const asked = (await upstream.requests()).filter(({ method }) => method === 'GET');
      const paths = asked.map(({ path }) => path).filter((path) => path.includes(NAME));
      const blobs = [amd64.config, ...amd64.layers].map(({ digest }) => `/v2/${NAME}/blobs/${digest}`);
      const manifests = ['1.0', amd64.manifest.digest].map((each) => `/v2/${NAME}/manifests/${each}`);
      expect(paths.sort()).toEqual([...blobs, ...manifests].sort());
    });

    test('is pulled when the upstream is down, and the other platform is not', async () => {
      await upstream.stop();
      const tag = await expectStatus(200, client.send('GET', `/v2/${NAME}/manifests/1.0`));
      expect(tag.body.equals(index.bytes)).toBe(true);
      expect(await findDamage(client, NAME, amd64.manifest.digest, amd64)).toEqual([]);
      expect(await findDamage(client, NAME, arm64.manifest.digest, arm64)).toHaveLength(3);
      await upstream.start();
    });

    test('is fetched for the rest by all', async () => {
      await run('all');
      await upstream.stop();
      expect(await findDamage(client, NAME, arm64.manifest.digest, arm64)).toEqual([]);
      await upstream.start();
    });
  },
);
