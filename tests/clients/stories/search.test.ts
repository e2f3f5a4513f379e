import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StorageClient } from '../../support/clients/container-storage.ts';
import { createDocker, type Docker } from '../../support/clients/docker.ts';
import { createPodman } from '../../support/clients/podman.ts';
import { registriesConf } from '../../support/clients/registries-conf.ts';
import { createDockgate, type Dockgate } from '../../support/dockgate.ts';
import { ADDRESS, createMachine, type Machine } from '../../support/machine.ts';
import { succeeded, type Outcome } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { startIndex, type SearchIndex } from '../../support/scripted-index.ts';
import { seedImage } from '../../support/seed-image.ts';
import { HOST } from '../../support/story.ts';

/** Where docker and podman look for images of Docker Hub; here a second host of the same Dockgate answers there. */
const HUB_INDEX = 'index.docker.io';
const CONNECTOR = `${HOST}:8001`;

const HUB_HITS = [
  { name: 'alpine', description: 'A minimal image', stars: 9000, official: true },
  { name: 'grafana/alpine-tools', description: 'Tools', stars: 7 },
];
const QUAY_HITS = [{ name: 'coreos/alpine-etcd', description: 'A store', stars: 3 }];

/** The two clients have different words for the stars. */
const formatWith = (stars: string): readonly string[] => [
  '--format',
  `{{.Name}}|{{.Description}}|{{.${stars}}}`,
];

describeWith(['namespaces', 'docker', 'dockerd', 'podman'], 'docker search and podman search', () => {
  let machine: Machine;
  let hub: SearchIndex;
  let quay: SearchIndex;
  let dockgate: Dockgate;
  let docker: Docker;
  let podman: StorageClient;
  beforeAll(async () => {
    machine = await createMachine({ hosts: { [HOST]: ADDRESS, [HUB_INDEX]: ADDRESS } });
    [hub, quay] = await Promise.all([
      startIndex(machine, 'v1', HUB_HITS),
      startIndex(machine, 'hub', QUAY_HITS),
    ]);
    const config = {
      hosts: {
        [HOST]: { read: 'docker-group', write: 'docker-hosted' },
        [HUB_INDEX]: { read: 'docker-hub', web: false },
      },
      connectors: { 8001: { repository: 'docker-hub' } },
      repositories: {
        'docker-hosted': { type: 'hosted' },
        'docker-hub': { type: 'proxy', upstream: hub.url, index: hub.url, prefix: 'docker.io' },
        quay: { type: 'proxy', upstream: quay.url, index: quay.url, prefix: 'quay.io' },
        'docker-group': {
          type: 'group',
          members: ['docker-hosted', 'docker-hub', 'quay'],
          writable: 'docker-hosted',
        },
      },
      // podman shows no credentials when it searches.
      auth: { anonymous: 'pull' },
    };
    dockgate = await createDockgate(machine, { host: HOST, config });
    for (const name of ['team/alpine-own', 'team/other']) await seedImage(dockgate, name, '1');
    // dockerd believes in Docker Hub what the system believes in.
    await machine.write('/etc/ssl/certs/dockgate.pem', dockgate.ca);
    await machine.write('/etc/containers/registries.conf', registriesConf({}, [CONNECTOR]));
    docker = await createDocker(machine, { 'insecure-registries': [CONNECTOR] });
    podman = await createPodman(machine);
    for (const host of [HOST, 'docker.io', HUB_INDEX]) {
      await docker.trust(host, dockgate.ca);
      await podman.trust(host, dockgate.ca);
    }
  });
  afterAll(() => machine.close());

  const CLIENTS = [
    {
      name: 'docker',
      search: (term: string): Promise<Outcome> => docker.docker(['search', ...formatWith('StarCount'), term]),
    },
    {
      name: 'podman',
      search: (term: string): Promise<Outcome> => podman.command(['search', ...formatWith('Stars'), term]),
    },
  ];

  describe.each(CLIENTS)('$name', ({ search }) => {
    /** `name|description|stars` for each line, by name without what the client puts before it. */
    const find = async (term: string): Promise<Map<string, string>> => {
      const { stdout } = succeeded(await search(term));
      const lines = stdout.split('\n').filter(Boolean);
      return new Map(
        lines.map((line) => {
          const [name = '', ...rest] = line.split('|');
          return [name.replace(/^(?:idocker\.test(?::8001)?|docker\.io)\//, ''), rest.join('|')];
        }),
      );
    };
    test('D1: HOST/x is found among the hosted names and in the index of each upstream', async () => {
      const found = await find(`${HOST}/alpine`);
      expect(found.get('team/alpine-own')).toBe('|0');
      const theirs = [...found].filter(([name]) => name !== 'team/alpine-own');
      expect(
        theirs.map(([name, rest]) => `${name.replace(/^(?:docker\.io|quay\.io)\//, '')}|${rest}`),
      ).toEqual(
        expect.arrayContaining([
          expect.stringMatching(/^(?:library\/)?alpine\|A minimal image\|9000$/),
          'grafana/alpine-tools|Tools|7',
          'coreos/alpine-etcd|A store|3',
        ]) as string[],
      );
      expect(found.size).toBe(4);
      for (const index of [hub, quay]) expect((await index.requests()).length).toBeGreaterThan(0);
    });

    test('D1: what no index knows is found among the hosted names alone', async () => {
      expect([...(await find(`${HOST}/other`)).keys()]).toEqual(['team/other']);
    });

    test('E4: a search at the port of the proxy is answered by its upstream alone', async () => {
      const found = await find(`${CONNECTOR}/alpine`);
      expect([...found.keys()].map((name) => name.replace(/^library\//, '')).sort()).toEqual([
        'alpine',
        'grafana/alpine-tools',
      ]);
    });

    test('E4: docker.io whose index is this proxy', async () => {
      const found = await find('alpine');
      expect([...found.keys()].map((name) => name.replace(/^library\//, '')).sort()).toEqual([
        'alpine',
        'grafana/alpine-tools',
      ]);
    });
  });
});
