import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { makeImage } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback } from '../support/place.ts';
import {
  createClient,
  findDamage,
  pullBlob,
  pushImage,
  readPull,
  type Pulled,
} from '../support/registry-client.ts';
import { startRegistry } from '../unit/repositories/fake-registry.ts';

const SLOW = 20;
/** More than fits into all the buffers on the way, so that a client that does not read holds the gateway back. */
const SIZE = 24 * 1024 * 1024;

/** A pull that reads 1 KiB each second until `hurry` is called, which reads the rest. */
async function pullSlowly(
  dockgate: LoopbackDockgate,
  name: string,
  digest: string,
): Promise<{ read(): number; hurry(): Promise<Pulled> }> {
  const client = createClient(dockgate);
  const answer = await client.open('GET', `/v2/${name}/blobs/${digest}`);
  const pieces: Buffer[] = [];
  const hurry = new AbortController();
  const sipping = (async () => {
    for (let sips = 0; !hurry.signal.aborted && sips < 120; sips += 1) {
      const sip = answer.read(1024) as Buffer | null;
      if (sip) pieces.push(sip);
      await sleep(1000, undefined, hurry).catch(() => undefined);
    }
  })();
  return {
    read: () => pieces.reduce((sum, piece) => sum + piece.length, 0),
    async hurry() {
      hurry.abort();
      await sipping;
      for (const piece of pieces.reverse()) answer.unshift(piece);
      const pulled = await readPull(answer);
      client.close();
      return pulled;
    },
  };
}

describe('clients that read 1 KiB each second', () => {
  test('hold back neither pulls nor pushes of others', { timeout: 60_000 }, async () => {
    await using place = await createLoopback();
    const dockgate = await startLoopbackDockgate(place);
    const client = createClient(dockgate);
    const image = makeImage({ layers: [SIZE] });
    const digest = image.layers[0]?.digest ?? '';
    await pushImage(client, 'team/app', 'latest', image);
    const slow = await Promise.all(
      Array.from({ length: SLOW }, () => pullSlowly(dockgate, 'team/app', digest)),
    );
    const other = makeImage({ layers: [SIZE] });
    await pushImage(client, 'team/other', 'latest', other);
    expect(await findDamage(client, 'team/other', 'latest', other)).toEqual([]);
    expect(await findDamage(client, 'team/app', 'latest', image)).toEqual([]);
    for (const each of slow) expect(each.read()).toBeLessThan(SIZE / 2);
    const all = await Promise.all(slow.map((each) => each.hurry()));
    expect(all).toEqual(
      all.map(() => ({ status: 200, digest, size: image.layers[0]?.bytes.length, whole: true })),
    );
    client.close();
  });

  test('do not hold back a download that others wait for', { timeout: 60_000 }, async () => {
    await using place = await createLoopback();
    const image = makeImage({ layers: [SIZE] });
    const [layer] = image.layers;
    if (!layer) throw new Error('an image without layers');
    const upstream = await startRegistry();
    upstream.pushBlob('team/app', layer.bytes);
    const proxies = { hub: { type: 'proxy', upstream: upstream.url } };
    const dockgate = await startLoopbackDockgate(place, { proxies });
    const slow = await pullSlowly(dockgate, 'team/app', layer.digest);
    const client = createClient(dockgate);
    const whole = { status: 200, digest: layer.digest, size: layer.bytes.length, whole: true };
    expect(await pullBlob(client, 'team/app', layer.digest)).toEqual(whole);
    expect(slow.read()).toBeLessThan(SIZE / 2);
    expect(await slow.hurry()).toEqual(whole);
    expect(upstream.count('GET ')).toBe(1);
    client.close();
  });
});
