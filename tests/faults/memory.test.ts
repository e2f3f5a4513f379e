import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { generateBytes } from '../support/generated-bytes.ts';
import { makeImage } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { mebibytes, memoryOf } from '../support/process-facts.ts';
import {
  createClient,
  expectStatus,
  pullBlob,
  pushImage,
  startUpload,
  type RegistryClient,
} from '../support/registry-client.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import { createUpstream } from '../support/upstream.ts';

const MIB = 1024 * 1024;
const LIMIT = 250 * MIB;
/** 200 connections and their pieces; one layer held for each of them would be 4,000 MiB. */
const LIMIT_FOR_MANY = 512 * MIB;
const BIG = process.env.DOCKGATE_TEST_BIG === '1';
const SIZE = (BIG ? 5 : 1) * 1024 * MIB;

/** Fails with a figure that says how much it was. */
async function expectSmall(pid: number, what: string, limit: number): Promise<void> {
  const { peak } = await memoryOf(pid);
  if (BIG) process.stdout.write(`${what}: ${mebibytes(peak)} at most\n`);
  expect(peak, `${what}: ${mebibytes(peak)}`).toBeLessThan(limit);
}

/** So many clients at once, each with a connection of its own, as on so many machines. */
async function pullByMany(
  dockgate: LoopbackDockgate,
  count: number,
  name: string,
  digest: string,
): Promise<string[]> {
  const clients = Array.from({ length: count }, () => createClient(dockgate));
  try {
    const pulls = await Promise.all(clients.map((client) => pullBlob(client, name, digest)));
    return pulls.map((pull) => `${pull.status} ${pull.whole ? 'whole' : 'broken'} ${pull.digest}`);
  } finally {
    for (const client of clients) client.close();
  }
}

describe('memory of the gateway', () => {
  let place: Place;
  let dockgate: LoopbackDockgate;
  let client: RegistryClient;
  beforeAll(async () => {
    place = await createLoopback();
    dockgate = await startLoopbackDockgate(place);
    client = createClient(dockgate);
  });
  afterAll(async () => {
    client.close();
    await place.close();
  });

  test(
    `stays under 250 MiB while ${SIZE / 1024 / MIB} GiB are pushed and pulled (5 GiB with DOCKGATE_TEST_BIG=1)`,
    async () => {
      const path = await startUpload(client, 'big');
      const bytes = generateBytes(SIZE);
      await expectStatus(202, client.send('PATCH', path, { body: bytes.body }));
      const digest = bytes.digest();
      await expectStatus(201, client.send('PUT', `${path}?digest=${digest}`));
      await expectSmall(dockgate.pid, 'push', LIMIT);
      const pulled = await pullBlob(client, 'big', digest);
      expect(pulled).toEqual({ status: 200, digest, size: SIZE, whole: true });
      await expectSmall(dockgate.pid, 'push and pull', LIMIT);
    },
    BIG ? 900_000 : 120_000,
  );
});

describe('200 pulls of a layer of 20 MiB at once', () => {
  test('all get the right bytes', { timeout: 120_000 }, async () => {
    await using place = await createLoopback();
    const dockgate = await startLoopbackDockgate(place);
    const client = createClient(dockgate);
    const image = makeImage({ layers: [20 * MIB] });
    const digest = image.layers[0]?.digest ?? '';
    await pushImage(client, 'many', 'latest', image);
    client.close();
    const pulls = await pullByMany(dockgate, 200, 'many', digest);
    expect(new Set(pulls)).toEqual(new Set([`200 whole ${digest}`]));
    await expectSmall(dockgate.pid, '200 pulls from hosted', LIMIT_FOR_MANY);
  });
});

describeWith(['docker-registry'], '200 pulls of a layer of 20 MiB that is not cached yet', () => {
  test('all get the right bytes, which the upstream sent once', { timeout: 120_000 }, async () => {
    await using place = await createLoopback();
    const upstream = await createUpstream(place);
    const image = await seedImage(upstream, 'many', 'latest', { layers: [20 * MIB] });
    const digest = image.layers[0]?.digest ?? '';
    const dockgate = await startLoopbackDockgate(place, {
      proxies: { hub: { type: 'proxy', upstream: upstream.url } },
    });
    const client = createClient(dockgate);
    await expectStatus(200, client.send('GET', '/v2/many/manifests/latest'));
    client.close();
    await upstream.forget();
    const pulls = await pullByMany(dockgate, 200, 'many', digest);
    expect(new Set(pulls)).toEqual(new Set([`200 whole ${digest}`]));
    const asked = (await upstream.requests()).filter(({ path }) => path.includes(digest));
    expect(asked.filter(({ method }) => method === 'GET')).toHaveLength(1);
    await expectSmall(dockgate.pid, '200 pulls through a proxy', LIMIT_FOR_MANY);
  });
});
