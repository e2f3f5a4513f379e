import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/clients/client.ts';
import { mirrorInContainerd } from '../../support/clients/containerd-mirror.ts';
import { createContainerd } from '../../support/clients/containerd.ts';
import { createDocker } from '../../support/clients/docker.ts';
import { createPodman } from '../../support/clients/podman.ts';
import { registriesConf } from '../../support/clients/registries-conf.ts';
import { request } from '../../support/http-request.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createStory, HOST, STORY_NEEDS, type Story } from '../../support/story.ts';

const NEEDS = [...STORY_NEEDS, 'docker', 'dockerd', 'podman', 'containerd', 'ctr'] as const;

/** docker.io through its bare hostname, and quay.io, whose names may be those of docker.io, by its prefix. */
const REGISTRIES = registriesConf({ 'docker.io': HOST, 'quay.io': `${HOST}/quay.io` });

/** A client, and how it is told to get the images of both registries from HOST. */
interface Row {
  readonly name: string;
  readonly create: (story: Story) => Promise<Client>;
  /** What comes before the name of an image of Docker Hub; nothing in docker, whose mirrors are for Docker Hub alone. */
  readonly hub: string;
  readonly quay: string;
}

const ROWS: readonly Row[] = [
  {
    name: 'docker',
    create: ({ machine }) => createDocker(machine, { 'registry-mirrors': [`https://${HOST}`] }),
    hub: '',
    quay: `${HOST}/quay.io/`,
  },
  {
    name: 'podman',
    async create({ machine }) {
      await machine.write('/etc/containers/registries.conf', REGISTRIES);
      return await createPodman(machine);
    },
    hub: 'docker.io/',
    quay: 'quay.io/',
  },
  {
    name: 'ctr',
    async create({ machine, dockgate }) {
      const containerd = await createContainerd(machine);
      for (const registry of ['docker.io', 'quay.io'])
        await mirrorInContainerd(containerd, registry, { url: `https://${HOST}`, ca: dockgate.ca });
      return containerd;
    },
    hub: 'docker.io/',
    quay: 'quay.io/',
  },
];

/** The name of an image of Docker Hub as it is typed; a user of docker leaves out all that may be left out. */
const hubName = (hub: string, name: string): string =>
  hub === '' ? name.replace('library/', '') : hub + name;

describeWith(NEEDS, 'two upstreams behind one hostname', () => {
  let story: Story;
  beforeAll(async () => {
    // docker sends no credentials to a mirror.
    story = await createStory({
      auth: { anonymous: 'pull' },
      connectors: { 8001: { repository: 'docker-hub' }, 8004: { repository: 'quay' } },
    });
  });
  afterAll(() => story.machine.close());

  const read = async (url: string): Promise<unknown> => {
    const authorization = (await story.dockgate.authorization?.('')) ?? '';
    const reply = await request(story.machine, url, { ca: story.dockgate.ca, headers: { authorization } });
    return JSON.parse(reply.body.toString());
  };
  /** Who answered for the manifests of a name that were found since the log was forgotten. */
  const members = async (name: string): Promise<Set<string | undefined>> => {
    const found = (await story.log.requests()).filter(
      (each) => each.operation === 'manifest-get' && each.name === name && each.status === 200,
    );
    return new Set(found.map(({ member }) => member));
  };

  describe.each(ROWS)('$name', (row) => {
    let client: Client;
    beforeAll(async () => {
      client = await row.create(story);
      await client.trust(HOST, story.dockgate.ca);
      succeeded(await client.login(HOST, story.dockgate.credentials));
    });
    beforeEach(async () => {
      for (const log of [story.hub, story.quay, story.ghcr, story.log]) await log.forget();
    });

    test('A1: the same name of two registries is two images, each from its own upstream', async () => {
      const name = `library/redis-${row.name}`;
      const [ofHub, ofQuay] = [await seedImage(story.hub, name, '7'), await seedImage(story.quay, name, '7')];
      await story.hub.forget();
      await story.quay.forget();
      const images = { hub: `${hubName(row.hub, name)}:7`, quay: `${row.quay}${name}:7` };

      succeeded(await client.pull(images.quay));
      expect(await client.id(images.quay)).toBe(ofQuay.config.digest);
      expect(await story.hub.requests()).toEqual([]);
      succeeded(await client.pull(images.hub));
      expect(await client.id(images.hub)).toBe(ofHub.config.digest);
      const paths = (await story.hub.requests()).map(({ path }) => path);
      expect(new Set(paths.map((path) => path.split(/\/(?:manifests|blobs)\//)[0]))).toEqual(
        new Set([`/v2/${name}`]),
      );
    });

    test('A2: what was pushed to HOST is found by its short name', async () => {
      const name = `library/my-${row.name}`;
      const pushed = `${HOST}/${name}:1.0.0`;
      const id = await client.make(pushed);
      succeeded(await client.push(pushed));
      const short = `${hubName(row.hub, name)}:1.0.0`;
      succeeded(await client.remove(pushed));
      await story.log.forget();
      succeeded(await client.pull(short));
      expect(await client.id(short)).toBe(id);
      expect(await members(name)).toEqual(new Set(['docker-hosted']));
      for (const upstream of [story.hub, story.quay, story.ghcr])
        expect(await upstream.requests()).toEqual([]);
    });

    test('B12: what nobody has pushed is fetched once, and seen in the proxy and in the group', async () => {
      const name = `gitlab/gitlab-ce-${row.name}`;
      const image = await seedImage(story.quay, name, 'latest', { layers: [1000, 2000] });
      await story.quay.forget();
      succeeded(await client.pull(`${HOST}/${name}:latest`));
      expect(await client.id(`${HOST}/${name}:latest`)).toBe(image.config.digest);
      const fetched = (await story.quay.requests()).filter(
        ({ method, status }) => method === 'GET' && status === 200,
      );
      expect(fetched).toHaveLength(4);
      for (const door of [`https://${HOST}`, `http://${HOST}:8004`])
        expect(await read(`${door}/v2/_catalog`)).toMatchObject({
          repositories: expect.arrayContaining([name]) as string[],
        });

      succeeded(await client.remove(`${HOST}/${name}:latest`));
      await story.quay.forget();
      succeeded(await client.pull(`${HOST}/${name}:latest`));
      expect((await story.quay.requests()).filter(({ status }) => status === 200)).toEqual([]);
    });

    test('E7: the log and the header say which member has it, and explain says it too', async () => {
      const name = `team/where-${row.name}`;
      const places = { 'docker-hosted': story.dockgate, 'docker-hub': story.hub, quay: story.quay };
      for (const [member, target] of Object.entries(places)) {
        const image = `${name}-${member}`;
        await seedImage(target, image, '1');
        await story.log.forget();
        succeeded(await client.pull(`${HOST}/${image}:1`));
        expect(await members(image)).toEqual(new Set([member]));
        const authorization = (await story.dockgate.authorization?.('')) ?? '';
        const ask = { ca: story.dockgate.ca, headers: { authorization } };
        const reply = await request(story.machine, `https://${HOST}/v2/${image}/manifests/1`, ask);
        expect(reply.headers['dockgate-member']).toBe(member);
        const explained = await read(`https://${HOST}/api/v1/explain?image=${HOST}/${image}:1`);
        expect(explained).toMatchObject({ winner: member });
      }
    });
  });

  describe('a namespace', () => {
    const ask = async (path: string): Promise<{ status: number; namespace: unknown; body: string }> => {
      const authorization = (await story.dockgate.authorization?.('')) ?? '';
      const { status, headers, body } = await request(story.machine, `https://${HOST}${path}`, {
        ca: story.dockgate.ca,
        headers: { authorization },
      });
      if (status !== 200) expect(headers['content-type']).toBe('application/json');
      return { status, namespace: headers['oci-namespace'], body: body.toString() };
    };

    test('that is not configured is asked of nobody', async () => {
      await seedImage(story.quay, 'library/nowhere', '1');
      for (const upstream of [story.hub, story.quay, story.ghcr]) await upstream.forget();
      const reply = await ask('/v2/library/nowhere/manifests/1?ns=unknown.test');
      expect(reply.status).toBe(404);
      expect(JSON.parse(reply.body)).toMatchObject({ errors: [{ code: 'NAME_UNKNOWN' }] });
      for (const upstream of [story.hub, story.quay, story.ghcr])
        expect(await upstream.requests()).toEqual([]);
    });

    test('selects the upstream, and comes back in the answer', async () => {
      const ofHub = await seedImage(story.hub, 'library/both', '1');
      const ofQuay = await seedImage(story.quay, 'library/both', '1');
      for (const [namespace, image] of [
        ['quay.io', ofQuay],
        ['docker.io', ofHub],
      ] as const) {
        const reply = await ask(`/v2/library/both/manifests/1?ns=${namespace}`);
        expect(reply).toEqual({ status: 200, namespace, body: image.manifest.bytes.toString() });
        const blob = await ask(`/v2/library/both/blobs/${image.config.digest}?ns=${namespace}`);
        expect(blob).toEqual({ status: 200, namespace, body: image.config.bytes.toString() });
      }
      const other = await ask(`/v2/library/both/blobs/${ofHub.config.digest}?ns=quay.io`);
      expect(other.status).toBe(404);
    });

    test('that is a host of the gateway is none', async () => {
      const image = await seedImage(story.ghcr, 'team/plain', '1');
      const reply = await ask(`/v2/team/plain/manifests/1?ns=${HOST}`);
      expect([reply.status, reply.body]).toEqual([200, image.manifest.bytes.toString()]);
    });
  });
});
