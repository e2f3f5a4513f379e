import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLIENTS } from '../../support/clients/all.ts';
import type { Client } from '../../support/clients/client.ts';
import type { Answered } from '../../support/dockgate-log.ts';
import type { Image } from '../../support/image.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createStory, HOST, type Story } from '../../support/story.ts';

const ADOPTERS = CLIENTS.filter(({ name }) => ['docker', 'podman', 'ctr'].includes(name));

/** An image of its own for each, so that no push makes the next one easier: under its own name and under others. */
const CASES = (['docker', 'oci'] as const).flatMap((mediaTypes) =>
  ['library/redis', 'redis', 'team/mine'].map((name, index) => ({
    mediaTypes,
    name,
    tag: `${mediaTypes}-${index}`,
  })),
);

/** The blobs whose bytes came in: a session that was given data ends with the digest. */
function uploaded(requests: readonly Answered[]): (string | undefined)[] {
  return requests.filter(({ operation }) => operation === 'upload-finish').map(({ digest }) => digest);
}

describe.each(ADOPTERS)('B5: $name', (row) => {
  describeWith([...row.needs, 'docker-registry', 'htpasswd', 'openssl'], 'pushes back what it pulled', () => {
    let story: Story;
    let client: Client;
    const images = new Map<string, Image>();

    beforeAll(async () => {
      story = await createStory();
      client = await row.create(story.machine);
      await client.trust(HOST, story.dockgate.ca);
      succeeded(await client.login(HOST, story.dockgate.credentials));
      await Promise.all(
        CASES.map(async ({ tag, mediaTypes }) => {
          const options = { layers: [1000, 2000, 3000, 4000, 5000], mediaTypes };
          images.set(tag, await seedImage(story.hub, 'library/redis', tag, options));
        }),
      );
      for (const { tag } of CASES) succeeded(await client.pull(`${HOST}/library/redis:${tag}`));
      await story.hub.stop();
    });
    afterAll(() => story.machine.close());

    const pushed = async (from: string, to: string): Promise<Answered[]> => {
      if (from !== to) succeeded(await client.tag(from, to));
      await story.log.forget();
      succeeded(await client.push(to));
      return await story.log.requests();
    };

    const pulledAnew = async (image: string, id: string): Promise<void> => {
      const fresh = await client.another();
      succeeded(await fresh.login(HOST, story.dockgate.credentials));
      await story.log.forget();
      succeeded(await fresh.pull(image));
      expect(await fresh.id(image)).toBe(id);
      const manifests = (await story.log.requests()).filter(
        ({ method, operation, status }) => method === 'GET' && operation === 'manifest-get' && status === 200,
      );
      expect(manifests.map(({ member }) => member)).toContain('docker-hosted');
    };

    test.each(CASES)('$mediaTypes media types, as $name, without its layers', async ({ tag, name }) => {
      const image = images.get(tag);
      const layers = image?.layers.map(({ digest }) => digest) ?? [];
      const to = `${HOST}/${name}:${tag}`;
      const requests = await pushed(`${HOST}/library/redis:${tag}`, to);

      expect(layers).toHaveLength(5);
      expect(uploaded(requests).filter((digest) => layers.includes(digest ?? ''))).toEqual([]);
      // At most the configuration is sent, in one piece.
      expect(requests.filter(({ operation }) => operation === 'upload-append').length).toBeLessThanOrEqual(1);
      const put = requests.filter(({ operation }) => operation === 'manifest-put');
      expect(put.at(-1)).toMatchObject({ status: 201, repository: 'docker-hosted', name });
      // Under its own name the client asks and sends nothing; under another one it mounts, which links at once.
      if (name === 'library/redis') expect(put.at(-1)?.adopted).toBeGreaterThanOrEqual(layers.length);
      expect(requests.filter(({ status }) => status >= 500)).toEqual([]);
      await pulledAnew(to, image?.config.digest ?? '');
    });
  });
});
