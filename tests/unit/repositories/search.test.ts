import type { ServerResponse } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { parseName } from '../../../registry/model/index.ts';
import type { ProxySettings } from '../../../registry/repositories/index.ts';
import { UpstreamFailure } from '../../../registry/upstream/index.ts';
import { reply } from '../upstream/scripted.ts';
import { group, hosted, proxy, startEngine } from './engine.ts';
import { always, startRegistry, unreachable, type FakeRegistry } from './fake-registry.ts';

/** Answers searches of Docker Registry v1 with these names, whatever the words. */
function answerSearch(index: FakeRegistry, ...names: readonly string[]): void {
  index.behave((request, response) => {
    if (request.url?.startsWith('/v1/search?') !== true) return false;
    sendHits(response, names);
    return true;
  });
}

function sendHits(response: ServerResponse, names: readonly string[]): void {
  const results = names.map((name, at) => ({
    name,
    description: `what ${name} is`,
    star_count: at,
    is_official: at === 0,
    is_automated: false,
  }));
  reply(response, 200, { 'content-type': 'application/json' }, JSON.stringify({ results }));
}

/** Two upstreams that are their own indexes; neither is set aside, and clients are let wait for 500 ms. */
async function start(settings: { hub?: Partial<ProxySettings>; quay?: Partial<ProxySettings> } = {}) {
  const [hub, quay] = [await startRegistry(), await startRegistry()];
  const times = { connectTimeout: 500, headersTimeout: 500, autoBlock: false };
  const engine = await startEngine({
    own: hosted({ private: ['secret/**'] }),
    hub: proxy(hub.url, { prefix: 'docker.io', index: new URL(hub.url), ...times, ...settings.hub }),
    quay: proxy(quay.url, { prefix: 'quay.io', index: new URL(quay.url), ...times, ...settings.quay }),
    all: group('own', 'hub', 'quay'),
  });
  const search = (query: string, size = 25, repository = 'all') =>
    engine.repository(repository).searchUpstreams(query, size);
  const names = async (...asked: Parameters<typeof search>) =>
    (await search(...asked)).map(({ name }) => name);
  return { hub, quay, engine, search, names };
}

describe('what indexes find', () => {
  test('comes in the order of members, by names that lead to the right upstream', async () => {
    const { hub, quay, names, search } = await start();
    answerSearch(hub, 'nginx', 'team/nginx');
    answerSearch(quay, 'nginx', 'coreos/nginx');
    expect(await names('nginx')).toEqual(['nginx', 'team/nginx', 'quay.io/nginx', 'quay.io/coreos/nginx']);
    expect((await search('nginx'))[2]).toEqual({
      name: 'quay.io/nginx',
      description: 'what nginx is',
      stars: 0,
      official: true,
      automated: false,
    });
  });

  test('of one proxy is given as that proxy may be asked', async () => {
    const { quay, names } = await start();
    answerSearch(quay, 'nginx');
    expect(await names('nginx', 25, 'quay')).toEqual(['nginx']);
    expect(await names('nginx', 25, 'own')).toEqual([]);
  });

  test('where routes keep a plain name out has its prefix, once', async () => {
    const { hub, quay, names } = await start({
      hub: { routes: ['library/**'] },
      quay: { routes: ['coreos/**'] },
    });
    answerSearch(hub, 'nginx', 'team/nginx');
    answerSearch(quay, 'coreos/nginx', 'other/nginx');
    expect(await names('nginx')).toEqual([
      'nginx',
      'docker.io/team/nginx',
      'quay.io/coreos/nginx',
      'quay.io/other/nginx',
    ]);
  });

  test('that may not be asked for is left out', async () => {
    const { hub, names } = await start();
    answerSearch(hub, 'secret/app', 'docker.io/secret/app', 'team/app');
    expect(await names('nginx')).toEqual(['team/app']);
  });

  test('is asked for once by everybody, and again for other words and other sizes', async () => {
    const { hub, names } = await start();
    answerSearch(hub, 'nginx');
    await Promise.all(Array.from({ length: 10 }, () => names('nginx')));
    await names('nginx');
    expect(hub.asked).toEqual(['GET /v1/search?q=nginx&n=25']);
    await names('nginx', 10);
    await names('other');
    expect(hub.asked.slice(1)).toEqual(['GET /v1/search?q=nginx&n=10', 'GET /v1/search?q=other&n=25']);
  });
});

describe('an index that does not answer', () => {
  test.each([
    ['breaks connections', unreachable, 'unreachable'],
    ['fails', always(500), 'server-error'],
    ['sends a web page', always(200, { 'content-type': 'text/html' }), 'bad-answer'],
    ['hangs', () => true, 'timeout'],
  ] as const)(
    'because it %s is no fault: the others are heard, and it is reported',
    async (_, trouble, kind) => {
      const { hub, quay, names, engine } = await start();
      hub.behave(trouble);
      answerSearch(quay, 'nginx');
      expect(await names('nginx')).toEqual(['quay.io/nginx']);
      expect(engine.faults).toEqual([expect.objectContaining({ kind, upstream: 'hub' })]);
      expect(engine.faults[0]).toBeInstanceOf(UpstreamFailure);
    },
  );

  test('gives what it gave before', async () => {
    const { hub, names } = await start({ hub: { tagMaxAge: 0 } });
    answerSearch(hub, 'nginx');
    await names('nginx');
    hub.behave(always(500));
    expect(await names('nginx')).toEqual(['nginx']);
    answerSearch(hub, 'newer');
    expect(await names('nginx')).toEqual(['newer']);
  });

  test('because there is none, it is offline, or it is blocked is not asked', async () => {
    const { hub, quay, names, engine } = await start({ hub: { index: undefined }, quay: { offline: true } });
    expect(await names('nginx')).toEqual([]);
    expect([...hub.asked, ...quay.asked]).toEqual([]);
    const more = await start();
    answerSearch(more.hub, 'nginx');
    answerSearch(more.quay, 'nginx');
    await more.engine.metadata.blocks.block({ repository: 'hub', by: 'olga', at: Date.now(), reason: '' });
    expect(await more.names('nginx')).toEqual(['quay.io/nginx']);
    expect(more.hub.asked).toEqual([]);
    expect([...engine.faults, ...more.engine.faults]).toEqual([]);
  });
});

describe('private words', () => {
  test.each(['secret', 'SECRET/app', 'sec', 'nginx secret', '"secret"', 'quay.io/secret/app'])(
    '%s reach no index',
    async (query) => {
      const { hub, quay, names } = await start();
      answerSearch(hub, 'nginx');
      answerSearch(quay, 'nginx');
      expect(await names(query)).toEqual([]);
      expect(await names(query, 25, 'hub')).toEqual([]);
      expect([...hub.asked, ...quay.asked]).toEqual([]);
    },
  );

  test('reach none within a namespace either', async () => {
    const { quay, engine } = await start();
    const view = engine.repository('all').within('quay.io');
    expect(await view?.searchUpstreams('secret', 25)).toEqual([]);
    expect(quay.asked).toEqual([]);
  });
});

test('within a namespace only its index is asked', async () => {
  const { hub, quay, engine } = await start();
  answerSearch(hub, 'nginx');
  answerSearch(quay, 'coreos/nginx');
  const found = await engine.repository('all').within('quay.io')?.searchUpstreams('nginx', 25);
  expect(found?.map(({ name }) => name)).toEqual([parseName('coreos/nginx')]);
  expect(hub.asked).toEqual([]);
});

test('closing ends a search that is under way', async () => {
  const { hub, names, engine } = await start({ hub: { headersTimeout: 20_000 } });
  hub.behave(() => true);
  const found = names('nginx', 25, 'hub');
  await vi.waitFor(() => {
    expect(hub.asked).toHaveLength(1);
  });
  await engine.repositories.close();
  expect(await found).toEqual([]);
}, 10_000);
