import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/clients/client.ts';
import { mirrorInContainerd } from '../../support/clients/containerd-mirror.ts';
import { createContainerd } from '../../support/clients/containerd.ts';
import { createPodman } from '../../support/clients/podman.ts';
import type { Image } from '../../support/image.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith, type Need } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createStory, HOST, type Story } from '../../support/story.ts';

/** What podman and containerd take for Docker Hub; here a second host of the same Dockgate answers there. */
const HUB = 'registry-1.docker.io';

/** Where the mirror of docker.io is. */
interface Mirror {
  readonly url: string;
  readonly secure: boolean;
}

const at = (port: number): Mirror => ({ url: `${HOST}:${port}`, secure: false });
const [PROXY, HOSTED, GROUP] = [at(8001), at(8002), at(8003)];
const BARE: Mirror = { url: HOST, secure: true };

/** A client that asks a mirror for what is of docker.io. */
interface Row {
  readonly name: string;
  readonly needs: readonly Need[];
  readonly create: (story: Story, mirror: Mirror) => Promise<Client>;
}

function registriesConf({ url, secure }: Mirror): string {
  const mirror = `[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "${url}"\n`;
  return secure ? mirror : `${mirror}insecure = true\n`;
}

const ROWS: readonly Row[] = [
  {
    name: 'podman',
    needs: ['podman'],
    async create({ machine }, mirror) {
      await machine.write('/etc/containers/registries.conf', registriesConf(mirror));
      return await createPodman(machine);
    },
  },
  {
    name: 'ctr',
    needs: ['containerd', 'ctr'],
    async create({ machine, dockgate: { ca } }, { url, secure }) {
      const containerd = await createContainerd(machine);
      const mirror = secure ? { url: `https://${url}`, ca } : { url: `http://${url}` };
      await mirrorInContainerd(containerd, 'docker.io', mirror);
      return containerd;
    },
  },
];

describe.each(ROWS)('$name', ({ create, needs }) => {
  describeWith(['namespaces', ...needs, 'docker-registry', 'htpasswd', 'openssl'], 'with a mirror', () => {
    let story: Story;
    let alpine: Image;
    beforeAll(async () => {
      story = await createStory({
        auth: { anonymous: 'pull' },
        hosts: { [HUB]: { read: 'ghcr', web: false } },
        connectors: {
          8001: { repository: 'docker-hub' },
          8002: { repository: 'docker-hosted' },
          8003: { repository: 'docker-group' },
        },
      });
      alpine = await seedImage(story.hub, 'library/alpine', '3.19');
    });
    beforeEach(() => story.log.forget());
    afterAll(() => story.machine.close());

    const withMirror = async (mirror: Mirror): Promise<Client> => {
      const client = await create(story, mirror);
      await client.trust(HOST, story.dockgate.ca);
      return client;
    };

    test.each([PROXY, GROUP, BARE])(
      'E2: pulls docker.io/library/alpine:3.19 through $url',
      async (mirror) => {
        const client = await withMirror(mirror);
        succeeded(await client.pull('docker.io/library/alpine:3.19'));
        expect(await client.id('docker.io/library/alpine:3.19')).toBe(alpine.config.digest);
        const answers = (await story.log.requests()).filter(
          ({ operation, method, status }) => operation === 'blob-get' && method === 'GET' && status === 200,
        );
        expect(answers.map(({ host, member }) => `${host} ${member ?? ''}`)).toEqual([
          `${HOST} docker-hub`,
          `${HOST} docker-hub`,
        ]);
      },
    );

    test('E5: what the hosted mirror has not is a 404, and the client goes on to Docker Hub', async () => {
      const real = await seedImage(story.ghcr, 'library/only-hub', '1');
      // podman verifies Docker Hub by certs.d, containerd by what the system trusts.
      await story.machine.write('/etc/ssl/certs/real-hub.pem', story.dockgate.ca);
      const client = await withMirror(HOSTED);
      if (client.name === 'podman') await client.trust('docker.io', story.dockgate.ca);
      await story.hub.forget();
      succeeded(await client.pull('docker.io/library/only-hub:1'));
      expect(await client.id('docker.io/library/only-hub:1')).toBe(real.config.digest);
      const answers = (await story.log.requests())
        .filter(({ operation, status }) => operation === 'manifest-get' && status !== 401)
        .map(({ host, status }) => `${host} ${status}`);
      expect(answers[0]).toBe(`${HOST} 404`);
      expect(new Set(answers)).toEqual(new Set([`${HOST} 404`, `${HUB} 200`]));
      expect(await story.hub.requests()).toEqual([]);
    });
  });
});
