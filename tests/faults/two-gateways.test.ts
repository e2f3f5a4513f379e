import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reply } from '../support/http-request.ts';
import { digestOf, makeImage, type Image } from '../support/image.ts';
import { startLoopbackDockgate, type LoopbackDockgate } from '../support/loopback-dockgate.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { eventually } from '../support/process-facts.ts';
import {
  createClient,
  expectStatus,
  findDamage,
  pullBlob,
  pushBlob,
  pushImage,
  pushManifest,
  startUpload,
  type RegistryClient,
} from '../support/registry-client.ts';

const ROUNDS = 10;

describe('two gateways on one data folder', () => {
  let place: Place;
  let gateways: LoopbackDockgate[];
  let one: RegistryClient;
  let other: RegistryClient;
  beforeAll(async () => {
    place = await createLoopback();
    const first = await startLoopbackDockgate(place);
    const second = await startLoopbackDockgate(place, { data: first.data });
    gateways = [first, second];
    one = createClient(first);
    other = createClient(second);
  });
  afterAll(async () => {
    one.close();
    other.close();
    await place.close();
    for (const { server } of gateways) expect(server.output()).not.toContain('"level":"error"');
  });

  test('show through one what was pushed to the other, as soon as that says 201 and never in part', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const [name, image] = [`shown/image${round}`, makeImage({ layers: [200_000, 1000] })];
      const done = new AbortController();
      const pushed = pushImage(one, name, 'latest', image).finally(() => {
        done.abort();
      });
      for (let looks = 0; looks < 1000 && !done.signal.aborted; looks += 1) {
        const { status } = await other.send('GET', `/v2/${name}/manifests/latest`);
        if (status === 200) expect(await findDamage(other, name, 'latest', image)).toEqual([]);
      }
      await pushed;
      expect(await findDamage(other, name, 'latest', image)).toEqual([]);
    }
  });

  test('forget through one what was deleted through the other', async () => {
    const image = makeImage();
    for (let round = 0; round < ROUNDS; round += 1) {
      await pushImage(one, 'team/deleted', 'latest', image);
      expect(await findDamage(other, 'team/deleted', 'latest', image)).toEqual([]);
      await expectStatus(202, other.send('DELETE', `/v2/team/deleted/manifests/${image.manifest.digest}`));
      await expectStatus(404, one.send('GET', '/v2/team/deleted/manifests/latest'));
    }
  });

  test('take the same blob at the same time', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { config, layers } = makeImage({ layers: [300_000] });
      const [layer = config] = layers;
      await Promise.all([one, other, one, other].map((client) => pushBlob(client, 'team/same', layer)));
      for (const client of [one, other])
        expect((await pullBlob(client, 'team/same', layer.digest)).digest).toBe(layer.digest);
    }
  });

  test('take the same tag at the same time, and agree on it', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const images = [makeImage(), makeImage()] as const;
      await Promise.all([
        pushImage(one, 'team/tag', 'a', images[0]),
        pushImage(one, 'team/tag', 'b', images[1]),
      ]);
      await Promise.all([
        pushManifest(one, 'team/tag', 'latest', images[0]),
        pushManifest(other, 'team/tag', 'latest', images[1]),
      ]);
      const digests = await Promise.all([one, other].map((client) => tagged(client)));
      expect(digests[0]).toBe(digests[1]);
      const winner = images.find((image: Image) => image.manifest.digest === digests[0]);
      if (!winner) throw new Error(`neither was tagged, but ${String(digests[0])}`);
      expect(await findDamage(other, 'team/tag', 'latest', winner)).toEqual([]);
    }
  });

  async function tagged(client: RegistryClient): Promise<string | undefined> {
    const reply = await client.send('HEAD', '/v2/team/tag/manifests/latest');
    return reply.headers['docker-content-digest'] as string | undefined;
  }

  test('go on with an upload that the other has begun, piece by piece', async () => {
    const pieces = [1, 2, 3, 4].map((letter) => Buffer.alloc(70_000 + letter, String(letter)));
    const path = await startUpload(one, 'team/moved');
    for (const [index, body] of pieces.entries())
      await expectStatus(202, [one, other][index % 2]?.send('PATCH', path, { body }) ?? neverSent());
    const digest = digestOf(Buffer.concat(pieces));
    await expectStatus(201, other.send('PUT', `${path}?digest=${digest}`));
    await expectStatus(404, one.send('GET', path));
    expect((await pullBlob(one, 'team/moved', digest)).digest).toBe(digest);
  });

  test('let only one of two write to an upload', async () => {
    const path = await startUpload(one, 'team/claimed');
    const part = Buffer.alloc(2 * 1024 * 1024, 'a');
    const slow = await one.begin('PATCH', path, { 'content-length': 2 * part.length });
    const answered = once(slow, 'response') as Promise<[IncomingMessage]>;
    slow.write(part);
    const isWriting = async (): Promise<boolean> => (await other.send('GET', path)).headers.range !== '0-0';
    expect(await eventually(isWriting)).toBe(true);
    const refused = await expectStatus(400, other.send('PATCH', path, { body: part }));
    expect(refused.body.toString()).toContain('another request is writing to this upload');
    slow.end(part);
    const [answer] = await answered;
    expect(answer.statusCode).toBe(202);
    answer.resume();
    const digest = digestOf(Buffer.concat([part, part]));
    await expectStatus(201, other.send('PUT', `${path}?digest=${digest}`));
    expect((await pullBlob(one, 'team/claimed', digest)).digest).toBe(digest);
  });

  test('keep to one order when both write to an upload at once', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const path = await startUpload(one, 'team/raced');
      const bodies = [Buffer.alloc(150_000, 'a'), Buffer.alloc(150_000, 'b')] as const;
      const replies = await Promise.all([
        one.send('PATCH', path, { body: bodies[0] }),
        other.send('PATCH', path, { body: bodies[1] }),
      ]);
      const taken = bodies.filter((_, index) => replies[index]?.status === 202);
      expect(taken.length).toBeGreaterThan(0);
      // What the wrong digest is answered with tells what is there.
      const wrong = await expectStatus(400, other.send('PUT', `${path}?digest=${digestOf('wrong')}`));
      const { errors } = JSON.parse(wrong.body.toString()) as { errors: { detail: { found: string } }[] };
      const orders = [taken, [...taken].reverse()].map((each) => digestOf(Buffer.concat(each)));
      expect(orders).toContain(errors[0]?.detail.found);
    }
  });
});

function neverSent(): Promise<Reply> {
  return Promise.reject(new Error('there are two gateways'));
}
