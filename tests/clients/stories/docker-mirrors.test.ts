import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker, type Docker } from '../../support/clients/docker.ts';
import { request } from '../../support/http-request.ts';
import type { Image } from '../../support/image.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createStory, HOST, STORY_NEEDS, type Story } from '../../support/story.ts';

/** What dockerd takes for Docker Hub; here a second host of the same Dockgate answers there. */
const HUB = 'registry-1.docker.io';
const REAL_HUB = 'real-hub';
const NEEDS = [...STORY_NEEDS, 'docker', 'dockerd'] as const;

describeWith(NEEDS, 'docker with registry-mirrors', () => {
  let story: Story;
  let alpine: Image;
  beforeAll(async () => {
    story = await createStory({
      // docker sends no credentials to a mirror.
      auth: { anonymous: 'pull' },
      connectors: {
        8001: { repository: 'docker-hub' },
        8002: { repository: 'docker-hosted' },
        8003: { repository: 'docker-group' },
      },
    });
    alpine = await seedImage(story.hub, 'library/alpine', '3.19');
  });
  afterAll(() => story.machine.close());

  const withMirror = async (mirror: string): Promise<Docker> => {
    const docker = await createDocker(story.machine, { 'registry-mirrors': [mirror] });
    await docker.trust(HOST, story.dockgate.ca);
    return docker;
  };

  test.each([`http://${HOST}:8001`, `http://${HOST}:8003`, `https://${HOST}`])(
    'E2: docker pull alpine:3.19 with the mirror %s',
    async (mirror) => {
      const docker = await withMirror(mirror);
      await story.log.forget();
      succeeded(await docker.pull('alpine:3.19'));
      expect(await docker.id('alpine:3.19')).toBe(alpine.config.digest);
      const blobs = (await story.log.requests()).filter(
        ({ operation, method, status }) => operation === 'blob-get' && method === 'GET' && status === 200,
      );
      expect(blobs.map(({ member }) => member)).toEqual(['docker-hub', 'docker-hub']);
    },
  );

  test('E8: docker builds on a base that comes through the mirror, and pushes the result', async () => {
    const docker = await withMirror(`https://${HOST}`);
    await seedImage(story.hub, 'library/base', '1', { layers: [1000, 2000] });
    const context = join(story.machine.folder, 'context');
    await mkdir(context);
    await writeFile(join(context, 'file'), 'built');
    await writeFile(join(context, 'Dockerfile'), 'FROM base:1\nCOPY file /file\n');
    const image = `${HOST}/team/built:1`;
    await story.log.forget();
    succeeded(await docker.build(image, context));
    succeeded(await docker.login(HOST, story.dockgate.credentials));
    succeeded(await docker.push(image));
    const requests = await story.log.requests();
    const done = requests.filter(
      ({ method, operation }) => method !== 'HEAD' && operation?.startsWith('manifest'),
    );
    expect(done.filter(({ status }) => status < 300)).toMatchObject([
      { operation: 'manifest-get', name: 'library/base', member: 'docker-hub' },
      { operation: 'manifest-put', name: 'team/built', repository: 'docker-hosted' },
    ]);

    const fresh = await createDocker(story.machine);
    succeeded(await fresh.pull(image));
    expect(await fresh.id(image)).toBe(await docker.id(image));
  });
});

describeWith(NEEDS, 'docker with a hosted repository as its mirror', () => {
  test('E5: what is not there is a 404 at once, and docker goes on to Docker Hub', async () => {
    await using story = await createStory({
      auth: { anonymous: 'pull' },
      hosts: { [HUB]: { read: 'ghcr', web: false } },
      connectors: { 8002: { repository: 'docker-hosted' } },
    });
    const { machine, dockgate, ghcr, hub, log } = story;
    // For Docker Hub dockerd reads no certs.d, only what the system trusts.
    await machine.write(`/etc/ssl/certs/${REAL_HUB}.pem`, dockgate.ca);
    const mirror = `${HOST}:8002`;
    const docker = await createDocker(machine, { 'registry-mirrors': [`http://${mirror}`] });
    const alpine = await seedImage(ghcr, 'library/alpine', '3.19');
    for (const upstream of [hub, ghcr]) await upstream.forget();

    const token = await request(machine, `http://${mirror}/v2/token?scope=repository:library/alpine:pull`);
    const { token: bearer } = JSON.parse(token.body.toString()) as { token: string };
    const headers = { authorization: `Bearer ${bearer}` };
    const path = '/v2/library/alpine/manifests/3.19';
    const reply = await request(machine, `http://${mirror}${path}`, { headers });
    expect(reply.status).toBe(404);
    expect(JSON.parse(reply.body.toString())).toMatchObject({
      errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }],
    });
    expect(await hub.requests()).toEqual([]);
    expect(await ghcr.requests()).toEqual([]);

    await log.forget();
    succeeded(await docker.pull('alpine:3.19'));
    expect(await docker.id('alpine:3.19')).toBe(alpine.config.digest);
    const asked = (await log.requests()).filter(({ operation }) => operation === 'manifest-get');
    const answers = asked
      .filter(({ status }) => status !== 401)
      .map(({ host, status }) => `${host} ${status}`);
    expect(new Set(answers)).toEqual(new Set([`${HOST} 404`, `${HUB} 200`]));
    expect(answers[0]).toBe(`${HOST} 404`);
  });
});
