import process from 'node:process';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Client } from '../../support/clients/client.ts';
import { mirrorInContainerd } from '../../support/clients/containerd-mirror.ts';
import { createContainerd, type Containerd } from '../../support/clients/containerd.ts';
import { createDocker, type Docker } from '../../support/clients/docker.ts';
import { createPodman } from '../../support/clients/podman.ts';
import { registriesConf } from '../../support/clients/registries-conf.ts';
import type { StorageClient } from '../../support/clients/container-storage.ts';
import { createDockgate, type Dockgate } from '../../support/dockgate.ts';
import { linesWith, startImpostor, type Impostor } from '../../support/impostor.ts';
import { ADDRESS, createMachine, type Machine } from '../../support/machine.ts';
import { succeeded, type Outcome } from '../../support/process.ts';
import { PROGRAM } from '../../support/program.ts';
import { describeWith } from '../../support/require-programs.ts';
import { HOST } from '../../support/story.ts';

const NEEDS = ['namespaces', 'docker', 'dockerd', 'podman', 'containerd', 'ctr'] as const;
const REGISTRIES = registriesConf({ 'docker.io': HOST });
/** What an upstream must never see. */
const WORDS = ['wombat', 'quokka'] as const;
const PRIVATE = ['wombat/**', 'quokka'];
const CLIENTS = ['docker', 'podman', 'ctr'] as const;

interface House {
  readonly machine: Machine;
  readonly hub: Impostor;
  readonly quay: Impostor;
  readonly docker: Docker;
  readonly podman: StorageClient;
  readonly ctr: Containerd;
  readonly clients: Readonly<Record<(typeof CLIENTS)[number], Client>>;
}

/** Starts Dockgate before both impostors, and makes every client believe it and ask it for docker.io. */
async function startDockgate(house: House, names: readonly string[]): Promise<Dockgate> {
  const { machine, hub, quay, ctr, clients } = house;
  const config = {
    hosts: { [HOST]: { read: 'group', write: 'hosted' } },
    repositories: {
      hosted: { type: 'hosted', private: names },
      hub: { type: 'proxy', upstream: hub.url, index: hub.url, prefix: 'docker.io', tags: 'upstream' },
      quay: { type: 'proxy', upstream: quay.url, index: quay.url, prefix: 'quay.io', tags: 'upstream' },
      group: { type: 'group', members: ['hosted', 'hub', 'quay'], writable: 'hosted' },
    },
    // docker sends no credentials to a mirror.
    auth: { anonymous: 'pull' },
    prefetch: { images: ['wombat/in-advance:1', 'team/in-advance:1'], interval: '1d' },
  };
  const dockgate = await createDockgate(machine, { host: HOST, config });
  for (const registry of ['docker.io', 'quay.io'])
    await mirrorInContainerd(ctr, registry, { url: `https://${HOST}`, ca: dockgate.ca });
  for (const client of Object.values(clients)) {
    await client.trust(HOST, dockgate.ca);
    succeeded(await client.login(HOST, dockgate.credentials));
  }
  return dockgate;
}

async function build(): Promise<House> {
  const machine = await createMachine({ hosts: { [HOST]: ADDRESS } });
  const [hub, quay, docker, podman, ctr] = await Promise.all([
    startImpostor(machine),
    startImpostor(machine, 'hub'),
    createDocker(machine, { 'registry-mirrors': [`https://${HOST}`] }),
    createPodman(machine),
    createContainerd(machine),
    machine.write('/etc/containers/registries.conf', REGISTRIES),
  ]);
  return { machine, hub, quay, docker, podman, ctr, clients: { docker, podman, ctr } };
}

describeWith(NEEDS, 'names under private', () => {
  let house: House;
  let dockgate: Dockgate;
  beforeAll(async () => {
    house = await build();
    dockgate = await startDockgate(house, PRIVATE);
  });
  afterAll(() => house.machine.close());

  const forget = async (): Promise<void> => {
    for (const impostor of [house.hub, house.quay]) await impostor.forget();
  };
  const received = async (): Promise<string> => (await house.hub.received()) + (await house.quay.received());
  const expectNothingSeen = async (): Promise<void> => {
    expect(linesWith(WORDS, await received())).toEqual([]);
  };
  const command = (...argv: string[]): Promise<Outcome> =>
    house.machine.run([process.execPath, PROGRAM, ...argv, '--data', dockgate.data]);

  describe.each(CLIENTS)('%s', (which) => {
    let client: Client;
    beforeEach(() => void (client = house.clients[which]));

    test('pulls what is public from an upstream, and pushes it again under a private name', async () => {
      await forget();
      const [theirs, ours] = [`${HOST}/team/tool-${which}:1`, `${HOST}/wombat/copy-${which}:1`];
      succeeded(await client.pull(theirs));
      expect(await client.id(theirs)).toBe(house.hub.config);
      expect(await received()).toContain(`/v2/team/tool-${which}/manifests/`);
      succeeded(await client.tag(theirs, ours));
      succeeded(await client.push(ours));
      succeeded(await client.pull(ours));
      await expectNothingSeen();
    });

    test('gets nothing under a private name from an upstream, in whichever way it asks', async () => {
      const digest = house.hub.manifest;
      const short = which === 'docker' ? '' : 'docker.io/';
      const images = [
        `${HOST}/wombat/none:1`,
        `${HOST}/wombat/none@${digest}`,
        `${HOST}/docker.io/wombat/none:1`,
        `${HOST}/docker.io/wombat/none@${digest}`,
        `${HOST}/quay.io/wombat/none:1`,
        `${HOST}/quokka:1`,
        `${HOST}/library/quokka:1`,
        `${HOST}/docker.io/library/quokka:1`,
        // Through the mirror; the registry itself, which they go on to, is not there.
        `${short}wombat/none:1`,
        `${short}${which === 'docker' ? '' : 'library/'}quokka:1`,
        ...(which === 'ctr' ? ['quay.io/wombat/none:1'] : []),
      ];
      await forget();
      for (const image of images)
        expect([image, (await client.pull(image)).code === 0]).toEqual([image, false]);
      await expectNothingSeen();
    });

    test('pushes its own under a private name, and finds it by that', async () => {
      await forget();
      const image = `${HOST}/wombat/own-${which}:1`;
      const id = await client.make(image);
      succeeded(await client.push(image));
      succeeded(await client.remove(image));
      succeeded(await client.pull(image));
      expect(await client.id(image)).toBe(id);
      await expectNothingSeen();
    });
  });

  test('docker and podman search for private words here alone, and for others everywhere', async () => {
    const { docker, podman } = house;
    const search = async (term: string): Promise<void> => {
      succeeded(await docker.docker(['search', `${HOST}/${term}`]));
      succeeded(await podman.command(['search', `${HOST}/${term}`]));
    };
    await forget();
    for (const term of ['wombat', 'wom', 'wombat/own', 'WOMBAT', 'quokka']) await search(term);
    expect(linesWith([...WORDS, 'wom'], await received())).toEqual([]);
    await search('tool');
    expect(await received()).toMatch(/search\S*tool/);
  });

  test('dockgate explain and dockgate prefetch ask no upstream', async () => {
    await forget();
    succeeded(await command('explain', `${HOST}/docker.io/wombat/none:1`));
    succeeded(await command('explain', 'wombat/none:1', '--ns', 'docker.io'));
    const images = ['wombat/none:1', `${HOST}/wombat/none:1`, 'docker.io/wombat/none:1', 'quokka'];
    expect((await command('prefetch', ...images)).code).toBe(1);
    await expectNothingSeen();
    succeeded(await command('prefetch', 'team/other:1'));
    expect(await received()).toContain('/v2/team/other/manifests/1');
  });

  test('the list of the configuration is fetched without them', async () => {
    await forget();
    await dockgate.stop();
    await dockgate.start();
    await dockgate.server().waitFor(/"image":"team\/in-advance:1"/);
    expect(dockgate.server().output()).toMatch(/"image":"wombat\/in-advance:1"/);
    await expectNothingSeen();
  });

  test('with the list emptied, every client is given the image of the impostor, who sees the name', async () => {
    await dockgate.stop();
    dockgate = await startDockgate(house, []);
    await forget();
    for (const which of CLIENTS) {
      const image = `${HOST}/wombat/none-${which}:1`;
      succeeded(await house.clients[which].pull(image));
      expect([which, await house.clients[which].id(image)]).toEqual([which, house.hub.config]);
      expect(linesWith(WORDS, await received()).join('\n')).toContain(`/v2/wombat/none-${which}/manifests/`);
    }
  });
});
