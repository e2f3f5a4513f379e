import { randomInt } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { makeImage, type Image } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback } from '../support/place.ts';
import { eventually } from '../support/process-facts.ts';
import {
  createClient,
  findDamage,
  pullBlob,
  pushBlob,
  pushImage,
  pushManifest,
  type RegistryClient,
} from '../support/registry-client.ts';
import { startRegistry } from '../unit/repositories/fake-registry.ts';

const ROUNDS = 4;
const PUSHES = 10;
/** Of three layers, a configuration and a manifest for each push. */
const ANSWERS = PUSHES * 5;

/** One image on its way, and what the gateway said 201 to. */
interface Push {
  readonly name: string;
  readonly image: Image;
  readonly acknowledged: string[];
  tagged: boolean;
}

function newPush(name: string): Push {
  const image = makeImage({ layers: [300_000, 2_000_000, 5_000] });
  return { name, image, acknowledged: [], tagged: false };
}

/** Pushes until it is done or the gateway is gone, and notes every 201. */
async function pushAndNote(client: RegistryClient, push: Push): Promise<void> {
  const { name, image } = push;
  try {
    await Promise.all(
      [...image.layers, image.config].map(async (blob) => {
        await pushBlob(client, name, blob);
        push.acknowledged.push(blob.digest);
      }),
    );
    await pushManifest(client, name, 'latest', image);
    push.tagged = true;
  } catch {
    // The gateway was killed.
  }
}

/** What is not as it was promised. */
async function findBroken(client: RegistryClient, push: Push): Promise<string[]> {
  const { name, image, acknowledged } = push;
  const broken: string[] = [];
  for (const digest of acknowledged) {
    const pulled = await pullBlob(client, name, digest);
    if (pulled.status !== 200 || pulled.digest !== digest) broken.push(`${name}@${digest}: ${pulled.status}`);
  }
  const tag = await client.send('GET', `/v2/${name}/manifests/latest`);
  if (push.tagged && tag.status !== 200) broken.push(`${name}:latest: ${tag.status}`);
  // The answer may have been lost on its way; what a tag names must be whole in any case.
  if (tag.status === 200) broken.push(...(await findDamage(client, name, 'latest', image)));
  return broken;
}

/** Some of the way, whatever the speed of the machine, and then a moment. */
async function untilAnswered(pushes: readonly Push[], count: number): Promise<void> {
  const answered = (): number =>
    pushes.reduce((sum, push) => sum + push.acknowledged.length + Number(push.tagged), 0);
  for (let waited = 0; answered() < count && waited < 10_000; waited += 1) await sleep(1);
  await sleep(randomInt(20));
}

async function killDuringPushes(
  dockgate: LoopbackDockgate,
  pushes: readonly Push[],
  round: number,
): Promise<void> {
  const clients = pushes.map(() => createClient(dockgate));
  const done = Promise.all(
    pushes.map((push, index) => pushAndNote(clients[index] ?? createClient(dockgate), push)),
  );
  // The first kill comes as early as can be, so that it surely finds uploads under way.
  if (round > 0) await untilAnswered(pushes, randomInt(ANSWERS - 1));
  else await eventually(async () => (await readdir(join(dockgate.data, 'blobs', 'incoming'))).length > 0);
  await dockgate.kill();
  for (const client of clients) client.close();
  await done;
}

describe('kill -9', () => {
  test(
    `in the middle of ${PUSHES} pushes loses nothing that was answered 201, in ${ROUNDS} rounds`,
    { timeout: 120_000 },
    async () => {
      await using place = await createLoopback();
      const dockgate = await startLoopbackDockgate(place);
      const all: Push[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const pushes = Array.from({ length: PUSHES }, (_, index) => newPush(`r${round}/image${index}`));
        await killDuringPushes(dockgate, pushes, round);
        all.push(...pushes);
        await dockgate.start();
        const client = createClient(dockgate);
        for (const push of pushes) expect(await findBroken(client, push)).toEqual([]);
        for (const push of pushes) {
          await pushImage(client, push.name, 'latest', push.image);
          Object.assign(push, { tagged: true });
        }
        client.close();
      }
      const client = createClient(dockgate);
      for (const push of all) expect(await findBroken(client, push)).toEqual([]);
      client.close();
      // Otherwise no kill came while something was under way, and nothing was tested.
      expect((await readdir(join(dockgate.data, 'blobs', 'incoming'))).length).toBeGreaterThan(0);
    },
  );

  test('during the first pull through a proxy leaves nothing in the way of the next one', async () => {
    await using place = await createLoopback();
    const image = makeImage({ layers: [3_000_000] });
    const [layer] = image.layers;
    if (!layer) throw new Error('an image without layers');
    const upstream = await startRegistry();
    upstream.pushBlob('team/app', layer.bytes);
    upstream.behave((request, response) => {
      if (request.method === 'HEAD') return false;
      // The first one never ends.
      response.writeHead(200, { 'content-length': layer.bytes.length });
      response.write(layer.bytes.subarray(0, 2_000_000));
      upstream.behave(undefined);
      return true;
    });
    const proxies = { hub: { type: 'proxy', upstream: upstream.url } };
    const dockgate = await startLoopbackDockgate(place, { proxies });
    const before = createClient(dockgate);
    const answer = await before.open('GET', `/v2/team/app/blobs/${layer.digest}`);
    let got = 0;
    answer.on('data', (piece: Buffer) => (got += piece.length)).on('error', () => undefined);
    expect(await eventually(() => got >= 1_000_000)).toBe(true);
    await dockgate.kill();
    before.close();
    await dockgate.start();
    const client = createClient(dockgate);
    expect(await pullBlob(client, 'team/app', layer.digest)).toEqual({
      status: 200,
      whole: true,
      digest: layer.digest,
      size: layer.bytes.length,
    });
    expect(upstream.count('GET ')).toBe(2);
    client.close();
  });
});
