import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker, type Docker } from '../../support/clients/docker.ts';
import { createPodman } from '../../support/clients/podman.ts';
import { request } from '../../support/http-request.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createStory, HOST, STORY_NEEDS, type Story } from '../../support/story.ts';

const NEEDS = [...STORY_NEEDS, 'docker', 'dockerd', 'podman'] as const;

describeWith(NEEDS, 'docker at one hostname', () => {
  let story: Story;
  let docker: Docker;
  beforeAll(async () => {
    story = await createStory({ connectors: { 8001: { repository: 'ghcr' } } });
    docker = await createDocker(story.machine);
    await docker.trust(HOST, story.dockgate.ca);
    succeeded(await docker.login(HOST, story.dockgate.credentials));
  });
  afterAll(() => story.machine.close());

  const read = async (url: string): Promise<unknown> => {
    const authorization = (await story.dockgate.authorization?.('')) ?? '';
    const reply = await request(story.machine, url, { ca: story.dockgate.ca, headers: { authorization } });
    return JSON.parse(reply.body.toString());
  };

  test('B11: login, tag, push and pull without a port anywhere', async () => {
    const id = await docker.make('nginx:latest', [1000, 2000]);
    succeeded(await docker.tag('nginx:latest', `${HOST}/nginx`));
    succeeded(await docker.push(`${HOST}/nginx`));
    const fresh = await docker.another();
    succeeded(await fresh.login(HOST, story.dockgate.credentials));
    succeeded(await fresh.pull(`${HOST}/nginx`));
    expect(await fresh.id(`${HOST}/nginx`)).toBe(id);
    const hosts = new Set((await story.log.requests()).map(({ host }) => host));
    expect([...hosts]).toEqual([HOST]);
  });

  test('B12: an image that nobody has pushed is fetched once and seen in the proxy and in the group', async () => {
    const name = 'gitlab/gitlab-ce';
    const image = await seedImage(story.ghcr, name, 'latest', { layers: [1000, 2000] });
    await story.ghcr.forget();
    succeeded(await docker.pull(`${HOST}/${name}`));
    expect(await docker.id(`${HOST}/${name}`)).toBe(image.config.digest);
    const fetched = (await story.ghcr.requests()).filter(({ method }) => method === 'GET');
    expect(fetched.map(({ path }) => path).sort()).toEqual(
      [
        `/v2/${name}/blobs/${image.config.digest}`,
        ...image.layers.map(({ digest }) => `/v2/${name}/blobs/${digest}`),
        `/v2/${name}/manifests/latest`,
      ].sort(),
    );
    for (const door of [`https://${HOST}`, `http://${HOST}:8001`]) {
      expect(await read(`${door}/v2/_catalog`)).toMatchObject({
        repositories: expect.arrayContaining([name]) as string[],
      });
      expect(await read(`${door}/v2/${name}/tags/list`)).toEqual({ name, tags: ['latest'] });
    }

    await story.ghcr.stop();
    const fresh = await docker.another();
    succeeded(await fresh.login(HOST, story.dockgate.credentials));
    succeeded(await fresh.pull(`${HOST}/${name}`));
    expect(await fresh.id(`${HOST}/${name}`)).toBe(image.config.digest);
    const reads = (await story.log.requests()).filter(
      ({ name: asked, status }) => asked === name && status === 200,
    );
    expect(new Set(reads.filter(({ member }) => member).map(({ member }) => member))).toEqual(
      new Set(['ghcr']),
    );
  });

  test('D4: what docker login stored is used again, after a restart and by others that read it', async () => {
    const { machine, dockgate } = story;
    const config = join(machine.folder, 'stored');
    const { user, password } = dockgate.credentials;
    const stored = ['--config', config];
    const login = ['login', '--username', user, '--password-stdin', HOST];
    succeeded(await docker.docker([...stored, ...login], { stdin: password }));
    const file = join(config, 'config.json');
    const { auths } = JSON.parse(await readFile(file, 'utf8')) as { auths: Record<string, object> };
    expect(auths[HOST]).toEqual({ auth: Buffer.from(`${user}:${password}`).toString('base64') });

    await dockgate.stop();
    await dockgate.start();
    const image = `${HOST}/team/stored:1`;
    const id = await docker.make(image);
    succeeded(await docker.docker([...stored, 'push', image]));
    const fresh = await docker.another();
    expect((await fresh.pull(image)).code).not.toBe(0);
    succeeded(await fresh.docker([...stored, 'pull', image]));
    expect(await fresh.id(image)).toBe(id);

    const podman = await createPodman(machine);
    succeeded(await podman.command(['pull', '--authfile', file, image]));
    expect(await podman.id(image)).toBe(id);
  });
});
