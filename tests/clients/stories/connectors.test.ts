import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDocker, type Docker } from '../../support/clients/docker.ts';
import { request } from '../../support/http-request.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createStory, HOST, STORY_NEEDS, type Story } from '../../support/story.ts';

/** Plain HTTP, one port for each kind of repository. */
const [PROXY, HOSTED, GROUP] = [`${HOST}:8001`, `${HOST}:8002`, `${HOST}:8003`];

describeWith([...STORY_NEEDS, 'docker', 'dockerd'], 'docker at connectors', () => {
  let story: Story;
  let docker: Docker;

  const loggedIn = async (client: Docker): Promise<Docker> => {
    for (const door of [PROXY, HOSTED, GROUP])
      succeeded(await client.login(door, story.dockgate.credentials));
    return client;
  };
  beforeAll(async () => {
    story = await createStory({
      connectors: {
        8001: { repository: 'docker-hub' },
        8002: { repository: 'docker-hosted' },
        8003: { repository: 'docker-group' },
      },
    });
    const insecure = { 'insecure-registries': [PROXY, HOSTED, GROUP] };
    docker = await loggedIn(await createDocker(story.machine, insecure));
  });
  afterAll(() => story.machine.close());

  test('E1: proxy, hosted and group answer at a port each', async () => {
    const alpine = await seedImage(story.hub, 'library/alpine', '3.19');
    succeeded(await docker.pull(`${PROXY}/alpine:3.19`));
    expect(await docker.id(`${PROXY}/alpine:3.19`)).toBe(alpine.config.digest);

    const id = await docker.make(`${HOSTED}/team/app:1`);
    succeeded(await docker.push(`${HOSTED}/team/app:1`));
    expect((await docker.pull(`${HOSTED}/alpine:3.19`)).stderr).toContain('manifest unknown');
    expect((await docker.pull(`${PROXY}/team/app:1`)).stderr).toContain('manifest unknown');

    const fresh = await loggedIn(await docker.another());
    succeeded(await fresh.pull(`${GROUP}/team/app:1`));
    succeeded(await fresh.pull(`${GROUP}/alpine:3.19`));
    expect(await fresh.id(`${GROUP}/team/app:1`)).toBe(id);
    expect(await fresh.id(`${GROUP}/alpine:3.19`)).toBe(alpine.config.digest);
  });

  test('E3: a push to the proxy is refused in JSON that says where to push, and docker prints it', async () => {
    const image = `${PROXY}/team/wrong:1`;
    await docker.make(image);
    await story.log.forget();
    const pushed = await docker.push(image);
    expect(pushed.code).not.toBe(0);
    const advice = `docker-hub is a cache of another registry and therefore read-only; push to ${HOST} or port 8002 or port 8003`;
    expect(pushed.stderr).toContain(advice);
    const uploads = (await story.log.requests()).filter(({ operation }) => operation === 'upload-start');
    // docker repeats what may succeed later, five times; this it takes for final.
    expect(uploads.map(({ status }) => status)).toEqual([405]);

    const authorization = (await story.dockgate.authorization?.('')) ?? '';
    for (const [method, path] of [
      ['POST', 'blobs/uploads/'],
      ['PUT', 'manifests/1'],
    ] as const) {
      const reply = await request(story.machine, `http://${PROXY}/v2/team/wrong/${path}`, {
        method,
        headers: { authorization, 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
        body: method === 'PUT' ? '{}' : '',
      });
      expect(reply.status).toBe(405);
      expect(reply.headers['content-type']).toBe('application/json');
      expect(JSON.parse(reply.body.toString())).toEqual({
        errors: [{ code: 'UNSUPPORTED', message: advice }],
      });
    }
  });

  test('E6: a push to the group goes to its writable member', async () => {
    const image = `${GROUP}/team/through-the-group:1`;
    const id = await docker.make(image, [1000, 2000]);
    succeeded(await docker.push(image));
    const name = 'team/through-the-group';
    const put = (await story.log.requests()).filter(
      ({ operation, name: asked }) => operation === 'manifest-put' && asked === name,
    );
    expect(put).toMatchObject([{ status: 201, repository: 'docker-hosted' }]);
    const fresh = await loggedIn(await docker.another());
    succeeded(await fresh.pull(`${HOSTED}/${name}:1`));
    expect(await fresh.id(`${HOSTED}/${name}:1`)).toBe(id);
  });
});
