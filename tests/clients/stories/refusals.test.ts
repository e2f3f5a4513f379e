import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPodman } from '../../support/clients/podman.ts';
import { request } from '../../support/http-request.ts';
import { succeeded } from '../../support/process.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createStory, HOST, STORY_NEEDS, type Story } from '../../support/story.ts';

describeWith([...STORY_NEEDS, 'podman'], 'podman is refused', () => {
  let story: Story;
  beforeAll(async () => {
    // Like ghcr.io it gives a stranger no token for what is not public, be it there or not.
    const hiding = ({ hub }: Pick<Story, 'hub'>): object => ({
      type: 'proxy',
      upstream: hub.url,
      prefix: 'hiding.test',
    });
    story = await createStory({ members: (upstreams) => ({ hiding: hiding(upstreams) }) });
    await seedImage(story.hub, 'library/redis', '7');
  });
  afterAll(() => story.machine.close());

  /** What a registry client without a name reads, as JSON. */
  const read = async (path: string, headers: Record<string, string> = {}): Promise<[number, unknown]> => {
    const { dockgate, machine } = story;
    const reply = await request(machine, `${dockgate.url}${path}`, { ca: dockgate.ca, headers });
    expect(reply.headers['content-type']).toBe('application/json');
    return [reply.status, JSON.parse(reply.body.toString())];
  };

  test('A3: without a login it is told to log in, and with one it pulls', async () => {
    const podman = await createPodman(story.machine);
    await podman.trust(HOST, story.dockgate.ca);
    const image = `${HOST}/library/redis:7`;
    const refused = await podman.pull(image);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(`log in first: docker login ${HOST} or podman login ${HOST}`);
    expect(await read('/v2/library/redis/manifests/7')).toEqual([
      401,
      { errors: [{ code: 'UNAUTHORIZED', message: 'authentication required' }] },
    ]);
    expect(await story.hub.requests()).not.toContainEqual(expect.objectContaining({ method: 'GET' }));

    const wrong = await podman.login(HOST, { user: 'admin', password: 'wrong' });
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toMatch(/invalid username\/password|unauthorized/i);
    succeeded(await podman.login(HOST, story.dockgate.credentials));
    succeeded(await podman.pull(image));
  });

  test.each([
    ['a tag of a known name', 'library/redis', 'none'],
    ['a name that nobody has', 'team/nobody', '1'],
    ['a name behind a prefix', 'quay.io/coreos/none', '1'],
  ])('A4: %s that does not exist is "manifest unknown"', async (_, name, tag) => {
    const podman = await createPodman(story.machine);
    await podman.trust(HOST, story.dockgate.ca);
    succeeded(await podman.login(HOST, story.dockgate.credentials));
    const pulled = await podman.pull(`${HOST}/${name}:${tag}`);
    expect(pulled.code).not.toBe(0);
    expect(pulled.stderr).toMatch(/: manifest unknown(: manifest unknown)?\n/);
    const authorization = (await story.dockgate.authorization?.(name)) ?? '';
    const [status, body] = await read(`/v2/${name}/manifests/${tag}`, { authorization });
    expect(status).toBe(404);
    expect(body).toMatchObject({ errors: [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' }] });
  });
});
