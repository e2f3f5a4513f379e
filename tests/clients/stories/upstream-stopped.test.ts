import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../support/clients/client.ts';
import { createContainerd } from '../../support/clients/containerd.ts';
import { createDocker } from '../../support/clients/docker.ts';
import { createPodman } from '../../support/clients/podman.ts';
import { request } from '../../support/http-request.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import type { Image } from '../../support/image.ts';
import { seedImage, seedIndex } from '../../support/seed-image.ts';
import { createStory, HOST, STORY_NEEDS, type Story } from '../../support/story.ts';

const NEEDS = [...STORY_NEEDS, 'docker', 'dockerd', 'podman', 'containerd', 'ctr'] as const;
const NAMES = ['library/alpine', 'library/redis', 'team/tool'];
const MULTI = 'library/multi';

describeWith(NEEDS, 'an upstream that has stopped', () => {
  let story: Story;
  let clients: readonly Client[];
  const images = new Map<string, Image>();
  let multi: Awaited<ReturnType<typeof seedIndex>>;

  beforeAll(async () => {
    // Every tag is old at once, so that each pull would ask the upstream.
    story = await createStory({ proxies: { tagMaxAge: '1s' } });
    const { machine, dockgate } = story;
    clients = [await createDocker(machine), await createPodman(machine), await createContainerd(machine)];
    for (const name of NAMES) images.set(name, await seedImage(story.hub, name, '1'));
    multi = await seedIndex(story.hub, MULTI, '1');
    for (const client of clients) {
      await client.trust(HOST, dockgate.ca);
      succeeded(await client.login(HOST, dockgate.credentials));
    }
    const [first] = clients;
    if (!first) throw new Error('there is no client');
    for (const name of [...NAMES, MULTI]) {
      succeeded(await first.pull(`${HOST}/${name}:1`));
      succeeded(await first.remove(`${HOST}/${name}:1`));
    }
    await story.hub.stop();
    await new Promise((done) => setTimeout(done, 1100));
  });
  afterAll(() => story.machine.close());

  test('docker, podman and containerd pull every cached image by tag and by digest', async () => {
    for (const client of clients)
      for (const [name, image] of images)
        for (const reference of [`${HOST}/${name}:1`, `${HOST}/${name}@${image.manifest.digest}`]) {
          succeeded(await client.pull(reference));
          expect([client.name, reference, await client.id(reference)]).toEqual([
            client.name,
            reference,
            image.config.digest,
          ]);
          succeeded(await client.remove(reference));
        }
  });

  test('of an index they pull the platform that was cached, by tag and by digest', async () => {
    for (const client of clients)
      for (const reference of [`${HOST}/${MULTI}:1`, `${HOST}/${MULTI}@${multi.index.digest}`]) {
        succeeded(await client.pull(reference));
        // For ctr the image is the index, which has no configuration.
        if (client.name !== 'ctr') expect(await client.id(reference)).toBe(multi.images.amd64?.config.digest);
        succeeded(await client.remove(reference));
      }
  });

  test('what is served by tag says that it may be old, and by whom', async () => {
    const authorization = (await story.dockgate.authorization?.('')) ?? '';
    const reply = await request(story.machine, `https://${HOST}/v2/library/alpine/manifests/1`, {
      ca: story.dockgate.ca,
      headers: { authorization },
    });
    expect(reply.status).toBe(200);
    expect(reply.headers['dockgate-member']).toBe('docker-hub');
    expect(Number(reply.headers.age)).toBeGreaterThan(0);
    expect(reply.headers.warning).toMatch(/^299 - "this copy may be out of date: docker-hub/);
  });

  test('the second member still answers for its own, cached or not', async () => {
    for (const client of clients) {
      const name = `coreos/etcd-${client.name}`;
      const image = await seedImage(story.quay, name, '3');
      for (const reference of [`${HOST}/${name}:3`, `${HOST}/quay.io/${name}:3`]) {
        succeeded(await client.pull(reference));
        expect(await client.id(reference)).toBe(image.config.digest);
        succeeded(await client.remove(reference));
      }
    }
  });
});
