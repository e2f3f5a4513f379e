import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createContainerd } from '../support/clients/containerd.ts';
import { createDocker, type DaemonSettings } from '../support/clients/docker.ts';
import { createPodman } from '../support/clients/podman.ts';
import { dockgate } from '../support/clients/trust-installer.ts';
import { succeeded } from '../support/process.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import { createStory, HOST, STORY_NEEDS, type Story } from '../support/story.ts';

const NEEDS = [...STORY_NEEDS, 'curl', 'podman', 'containerd', 'docker', 'dockerd'] as const;

/** The mirror blocks of /setup.txt, written as they are printed. */
describeWith(NEEDS, 'what /setup says of mirrors', () => {
  let story: Story;
  let text: string;
  beforeAll(async () => {
    story = await createStory();
    const { machine, dockgate: server } = story;
    text = succeeded(await machine.run(['curl', '-fsS', `http://${HOST}/setup.txt`])).stdout;
    const fingerprint = new X509Certificate(server.ca).fingerprint256;
    succeeded(await dockgate(machine, 'trust', HOST, '--fingerprint', fingerprint));
  });
  afterAll(() => story.machine.close());

  /** The indented lines after the words. */
  const after = (words: string): string => {
    const [, block = ''] = text.slice(text.indexOf(words)).split('\n\n');
    return (
      /(?:^ {4}.*\n|^\n(?= {4}))+/m.exec(text.slice(text.indexOf(block)))?.[0].replaceAll(/^ {4}/gm, '') ?? ''
    );
  };

  test('podman pulls through them', async () => {
    const { machine, hub, quay, dockgate: server } = story;
    const redis = await seedImage(hub, 'library/redis', 'latest');
    const etcd = await seedImage(quay, 'coreos/etcd', 'v3');
    await machine.write(
      '/etc/containers/registries.conf.d/dockgate.conf',
      after('In /etc/containers/registries.conf.d/dockgate.conf'),
    );
    const podman = await createPodman(machine);
    succeeded(await podman.login(HOST, server.credentials));
    succeeded(await podman.pull('docker.io/library/redis:latest'));
    succeeded(await podman.pull('quay.io/coreos/etcd:v3'));
    expect(await podman.id('docker.io/library/redis:latest')).toBe(redis.config.digest);
    expect(await podman.id('quay.io/coreos/etcd:v3')).toBe(etcd.config.digest);
  });

  test('dockerd takes them', async () => {
    const settings = JSON.parse(after('In /etc/docker/daemon.json')) as DaemonSettings;
    const docker = await createDocker(story.machine, settings);
    const info = succeeded(await docker.docker(['info', '--format', '{{json .RegistryConfig.Mirrors}}']));
    expect(JSON.parse(info.stdout)).toEqual([`https://${HOST}/`]);
  });

  test('containerd pulls through them', async () => {
    const { machine, quay, dockgate: server } = story;
    const path = '/etc/containerd/certs.d/quay.io/hosts.toml';
    const image = await seedImage(quay, 'coreos/other', 'v1');
    await machine.write(path, after(`In ${path}`));
    const containerd = await createContainerd(machine);
    const { user, password } = server.credentials;
    const flags = ['--hosts-dir', '/etc/containerd/certs.d', '--user', `${user}:${password}`];
    succeeded(await containerd.ctr(['images', 'pull', ...flags, 'quay.io/coreos/other:v1']));
    expect(await containerd.id('quay.io/coreos/other:v1')).toBe(image.config.digest);
  });
});
