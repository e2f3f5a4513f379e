import { describe, expect, test } from 'vitest';
import type { Reply } from '../support/http-request.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';
import { startTwoUpstreams } from '../support/two-upstreams.ts';
import { always, makeImage, type FakeRegistry } from '../unit/repositories/fake-registry.ts';
import { reply } from '../unit/upstream/scripted.ts';

const dev = { user: 'dev', password: 'password of dev' };

interface Found {
  readonly query: string;
  readonly num_results: number;
  readonly results: readonly { readonly name: string; readonly description: string }[];
}

const foundIn = ({ body }: Reply): Found => JSON.parse(body.toString()) as Found;
const namesIn = (answer: Reply): readonly string[] => foundIn(answer).results.map(({ name }) => name);

/** Answers searches of Docker Registry v1 with these names, whatever the words, and all else as before. */
function answerSearch(index: FakeRegistry, ...names: readonly string[]): void {
  const results = names.map((name, at) => ({
    name,
    description: `what ${name} is`,
    star_count: at + 1,
    is_official: at === 0,
    is_automated: true,
  }));
  index.behave((request, response) => {
    if (request.url?.startsWith('/v1/search?') !== true) return false;
    reply(response, 200, { 'content-type': 'application/json' }, JSON.stringify({ results }));
    return true;
  });
}

const searchesOf = ({ asked }: FakeRegistry): readonly string[] =>
  asked.filter((each) => each.includes('search'));

describe('docker search', () => {
  test('merges what is held here with what each index finds', async () => {
    const { gateway, hub, quay, get } = await startTwoUpstreams();
    await seedImage(gateway, 'team/nginx', '1');
    await seedImage(gateway, 'team/other', '1');
    hub.push('library/nginx', '1', makeImage());
    expect((await get('/v2/nginx/manifests/1')).status).toBe(200);
    answerSearch(hub, 'nginx', 'bitnami/nginx');
    answerSearch(quay, 'nginx', 'coreos/nginx');
    const answer = await get('/v1/search?q=nginx&n=25');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json']);
    expect(foundIn(answer)).toEqual({
      query: 'nginx',
      num_results: 5,
      results: [
        {
          name: 'library/nginx',
          description: 'what nginx is',
          star_count: 1,
          is_official: true,
          is_automated: true,
        },
        { name: 'team/nginx', description: '', star_count: 0, is_official: false, is_automated: false },
        {
          name: 'bitnami/nginx',
          description: 'what bitnami/nginx is',
          star_count: 2,
          is_official: false,
          is_automated: true,
        },
        {
          name: 'quay.io/nginx',
          description: 'what nginx is',
          star_count: 1,
          is_official: true,
          is_automated: true,
        },
        {
          name: 'quay.io/coreos/nginx',
          description: 'what coreos/nginx is',
          star_count: 2,
          is_official: false,
          is_automated: true,
        },
      ],
    });
  });

  test('gives as many as were asked for, what is held here first', async () => {
    const { gateway, hub, quay, get } = await startTwoUpstreams();
    await seedImage(gateway, 'team/nginx', '1');
    answerSearch(hub, 'nginx', 'bitnami/nginx', 'x/nginx');
    answerSearch(quay, 'coreos/nginx');
    const answer = await get('/v1/search?q=nginx&n=2');
    expect(namesIn(answer)).toEqual(['team/nginx', 'nginx']);
    expect(foundIn(answer).num_results).toBe(2);
    expect(searchesOf(hub)).toEqual(['GET /v1/search?q=nginx&n=2']);
    expect(namesIn(await get('/v1/search?q=nginx'))).toHaveLength(5);
    for (const n of ['0', '1']) expect(namesIn(await get(`/v1/search?q=nginx&n=${n}`))).toHaveLength(1);
  });

  test('gives names that lead to what was found', async () => {
    const { hub, quay, get } = await startTwoUpstreams();
    const [first, second] = [makeImage(), makeImage()];
    hub.push('library/nginx', 'latest', first);
    quay.push('nginx', 'latest', second);
    answerSearch(hub, 'nginx');
    answerSearch(quay, 'nginx');
    const digests = await Promise.all(
      namesIn(await get('/v1/search?q=nginx')).map(
        async (name) => (await get(`/v2/${name}/manifests/latest`)).headers['docker-content-digest'],
      ),
    );
    expect(digests).toEqual([first.digest, second.digest]);
  });

  test.each([
    ['fails', always(500)],
    ['wants a login', always(401)],
    ['sends a web page', always(200, { 'content-type': 'text/html' })],
    ['hangs', () => true],
  ] as const)('goes on when an index %s', async (_, trouble) => {
    const { gateway, hub, quay, get } = await startTwoUpstreams({
      connectTimeout: '500ms',
      headersTimeout: '500ms',
    });
    await seedImage(gateway, 'team/nginx', '1');
    hub.behave(trouble);
    answerSearch(quay, 'coreos/nginx');
    const answer = await get('/v1/search?q=nginx');
    expect(answer.status).toBe(200);
    expect(namesIn(answer)).toEqual(['team/nginx', 'quay.io/coreos/nginx']);
  });

  test('shows nobody what he may not pull', async () => {
    const { gateway, hub, quay, get } = await startTwoUpstreams(
      {},
      { developers: [{ names: ['team/**', 'quay.io/coreos/**'], actions: ['pull'] }] },
    );
    await gateway.addUser(dev.user, dev.password, 'developers');
    for (const name of ['team/nginx', 'ops/nginx']) await seedImage(gateway, name, '1');
    answerSearch(hub, 'nginx', 'team/hub-nginx');
    answerSearch(quay, 'coreos/nginx', 'team/nginx');
    const headers = { authorization: basic(dev) };
    const answer = await get('/v1/search?q=nginx', { headers });
    expect([...namesIn(answer)].sort()).toEqual(['quay.io/coreos/nginx', 'team/hub-nginx', 'team/nginx']);
    expect(foundIn(answer).num_results).toBe(3);
    expect((await get('/v1/search?q=nginx', { headers: { authorization: '' } })).status).toBe(401);
  });

  test('keeps private words in the house, and finds what they name here', async () => {
    const { gateway, hub, quay, get } = await startTwoUpstreams();
    await seedImage(gateway, 'secret/plan', '1');
    answerSearch(hub, 'nginx');
    answerSearch(quay, 'nginx');
    for (const words of [
      'secret',
      'plan',
      'SECRET',
      'nginx secret',
      '"secret/plan"',
      'quay.io/secret/plan',
    ]) {
      const answer = await get(`/v1/search?q=${encodeURIComponent(words)}`);
      expect(answer.status).toBe(200);
      expect(namesIn(answer).filter((name) => name.includes('nginx'))).toEqual([]);
    }
    expect(namesIn(await get('/v1/search?q=plan'))).toEqual(['secret/plan']);
    expect([...searchesOf(hub), ...searchesOf(quay)]).toEqual([]);
    expect(namesIn(await get('/v1/search?q=nginx'))).toEqual(['nginx', 'quay.io/nginx']);
  });
});
