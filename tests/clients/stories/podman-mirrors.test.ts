import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StorageClient } from '../../support/clients/container-storage.ts';
import { createPodman } from '../../support/clients/podman.ts';
import { registriesConf } from '../../support/clients/registries-conf.ts';
import type { LoggedRequest } from '../../support/access-log.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createStory, HOST, STORY_NEEDS, type Story } from '../../support/story.ts';

const CONNECTOR = `${HOST}:8003`;

/** Both registries are the same address, and a name without registry is one of docker.io. */
const REGISTRIES = registriesConf({ 'docker.io': HOST, 'quay.io': HOST }, [CONNECTOR]);

const paths = (requests: readonly LoggedRequest[]): string[] =>
  requests.map(({ method, path }) => `${method} ${path}`);

describeWith([...STORY_NEEDS, 'podman'], 'podman with mirrors', () => {
  let story: Story;
  let podman: StorageClient;

  const another = async (): Promise<StorageClient> => {
    const client = await createPodman(story.machine);
    succeeded(await client.login(HOST, story.dockgate.credentials));
    return client;
  };
  beforeAll(async () => {
    story = await createStory({ connectors: { 8003: { repository: 'docker-group' } } });
    podman = await createPodman(story.machine);
    await podman.trust(HOST, story.dockgate.ca);
    await story.machine.write('/etc/containers/registries.conf', REGISTRIES);
    succeeded(await podman.login(HOST, story.dockgate.credentials));
  });
  afterAll(() => story.machine.close());

  test('A1: docker.io and quay.io come through one address, each from its upstream, once', async () => {
    const { hub, quay, ghcr } = story;
    const redis = await seedImage(hub, 'library/redis', 'latest', { layers: [1000, 2000] });
    const etcd = await seedImage(quay, 'coreos/etcd', 'v3');
    for (const upstream of [hub, quay, ghcr]) await upstream.forget();

    succeeded(await podman.pull('redis'));
    expect(await podman.id('docker.io/library/redis:latest')).toBe(redis.config.digest);
    expect(paths(await hub.requests())).toContain('GET /v2/library/redis/manifests/latest');
    expect(await quay.requests()).toEqual([]);
    expect(await ghcr.requests()).toEqual([]);

    succeeded(await podman.pull('quay.io/coreos/etcd:v3'));
    expect(await podman.id('quay.io/coreos/etcd:v3')).toBe(etcd.config.digest);
    expect(paths(await quay.requests())).toContain('GET /v2/coreos/etcd/manifests/v3');

    for (const upstream of [hub, quay, ghcr]) await upstream.forget();
    const second = await another();
    succeeded(await second.pull('redis'));
    succeeded(await second.pull('quay.io/coreos/etcd:v3'));
    expect(await second.id('docker.io/library/redis:latest')).toBe(redis.config.digest);
    expect(await second.id('quay.io/coreos/etcd:v3')).toBe(etcd.config.digest);
    for (const upstream of [hub, quay, ghcr])
      // An upstream that has not the name may be asked for it again; what was fetched is not.
      expect((await upstream.requests()).filter(({ status }) => status === 200)).toEqual([]);
  });

  test.each(['library/myredis', 'mine'])(
    'A2: %s that was pushed is found by its short name',
    async (name) => {
      const pushed = `${HOST}/${name}:1.0.0`;
      const short = name.replace('library/', '');
      const id = await podman.make(pushed);
      succeeded(await podman.push(pushed));
      const fresh = await another();
      succeeded(await fresh.pull(`${short}:1.0.0`));
      expect(await fresh.id(`docker.io/library/${short}:1.0.0`)).toBe(id);
      const reads = (await story.log.requests()).filter(
        ({ operation, name: asked }) => operation === 'manifest-get' && asked === `library/${short}`,
      );
      expect(reads.at(-1)).toMatchObject({ status: 200, member: 'docker-hosted' });
    },
  );

  test('A5: a plain HTTP address with a port, marked insecure, takes login, push and pull', async () => {
    const client = await createPodman(story.machine);
    succeeded(await client.login(CONNECTOR, story.dockgate.credentials));
    const image = `${CONNECTOR}/team/plain:1`;
    const id = await client.make(image);
    succeeded(await client.push(image));
    succeeded(await client.remove(image));
    succeeded(await client.pull(image));
    expect(await client.id(image)).toBe(id);
    const { manifest, config } = await seedImage(story.ghcr, 'team/upstream', '1');
    succeeded(await client.pull(`${CONNECTOR}/team/upstream:1`));
    expect(await client.id(`${CONNECTOR}/team/upstream:1`)).toBe(config.digest);
    const answers = await story.log.requests();
    expect(answers.find(({ digest }) => digest === manifest.digest)).toMatchObject({ member: 'ghcr' });
  });
});
