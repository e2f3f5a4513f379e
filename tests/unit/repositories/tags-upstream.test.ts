import { describe, expect, test } from 'vitest';
import { parseName, type Page } from '../../../registry/model/index.ts';
import { RegistryError } from '../../../registry/model/index.ts';
import type { ProxySettings } from '../../../registry/repositories/index.ts';
import { UpstreamFailure } from '../../../registry/upstream/index.ts';
import { reply } from '../upstream/scripted.ts';
import { faultOf, group, hosted, proxy, startEngine, tagged } from './engine.ts';
import { always, makeImage, startRegistry, unreachable, type FakeRegistry } from './fake-registry.ts';

const app = parseName('team/app');
const everything: Page = { size: undefined, last: undefined };

/** Answers the list of tags of `team/app` and of no other name. */
function answerTags(upstream: FakeRegistry, ...tags: readonly string[]): void {
  upstream.behave((request, response) => {
    if (request.url?.includes('/tags/list') !== true) return false;
    if (!request.url.startsWith('/v2/team/app/')) return false;
    reply(response, 200, { 'content-type': 'application/json' }, JSON.stringify({ name: 'team/app', tags }));
    return true;
  });
}

async function start(settings: Partial<ProxySettings> = {}) {
  const [hub, quay] = [await startRegistry(), await startRegistry()];
  const times = { connectTimeout: 500, headersTimeout: 500, autoBlock: false };
  const engine = await startEngine({
    own: hosted({ private: ['secret/**'] }),
    hub: proxy(hub.url, { prefix: 'docker.io', tags: 'upstream', ...times, ...settings }),
    quay: proxy(quay.url, { prefix: 'quay.io', tags: 'upstream', ...times }),
    all: group('own', 'hub', 'quay'),
  });
  const list = (page: Page = everything, repository = 'hub', name = app) =>
    engine.repository(repository).listTags(name, page, 'anywhere');
  /** Brings a tag into the cache. */
  const pull = async (tag: string, upstream = hub, repository = 'hub') => {
    upstream.push('team/app', tag, makeImage());
    await engine.repository(repository).findManifest(app, tagged(tag), 'anywhere');
  };
  return { hub, quay, engine, list, pull };
}

describe('the tags of an upstream', () => {
  test('are merged with those held here, sorted, each once', async () => {
    const { hub, list, pull } = await start();
    await pull('2');
    await pull('gone');
    answerTags(hub, 'b', '10', '2', 'B', '10');
    expect(await list()).toEqual({ entries: ['10', '2', 'B', 'b', 'gone'], more: false });
  });

  test('are paged as one list', async () => {
    const { hub, list, pull } = await start();
    await pull('b');
    await pull('e');
    answerTags(hub, 'd', 'a', 'c');
    const seen: string[] = [];
    let last: string | undefined;
    for (let pages = 0; pages < 5; pages += 1) {
      const page = await list({ size: 2, last });
      seen.push(...(page?.entries ?? []));
      last = page?.entries.at(-1);
      if (!page?.more) break;
    }
    expect(seen).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(await list({ size: 0, last: undefined })).toEqual({ entries: [], more: false });
    expect(await list({ size: undefined, last: 'c' })).toEqual({ entries: ['d', 'e'], more: false });
    expect(await list({ size: 5, last: undefined })).toMatchObject({ more: false });
  });

  test('are sorted although the upstream does not, and nothing is held here', async () => {
    const { hub, list } = await start();
    answerTags(hub, 'd', 'a', 'c', 'b', 'a');
    expect(await list()).toEqual({ entries: ['a', 'b', 'c', 'd'], more: false });
    expect(await list({ size: 2, last: 'a' })).toEqual({ entries: ['b', 'c'], more: true });
  });

  test('are asked for once by everybody, and again when the list is old', async () => {
    const { hub, list } = await start();
    answerTags(hub, 'a');
    await Promise.all(Array.from({ length: 10 }, () => list()));
    await list({ size: 1, last: undefined });
    expect(hub.asked).toEqual(['GET /v2/team/app/tags/list?n=1000']);
    const old = await start({ tagMaxAge: 0 });
    answerTags(old.hub, 'a');
    await old.list();
    answerTags(old.hub, 'b');
    expect(await old.list()).toEqual({ entries: ['b'], more: false });
  });

  test('that has no such name are those held here, or none', async () => {
    const { hub, list, pull } = await start();
    expect(await list()).toBeUndefined();
    expect(await list()).toBeUndefined();
    expect(hub.count('GET')).toBe(1);
    await pull('1');
    expect(await list()).toEqual({ entries: ['1'], more: false });
  });

  test('are asked for by its own name', async () => {
    const { hub, list } = await start({ library: true });
    await list(everything, 'hub', parseName('nginx'));
    await list(everything, 'hub', parseName('docker.io/nginx'));
    expect(hub.asked).toEqual(['GET /v2/library/nginx/tags/list?n=1000']);
  });

  test('are not asked for where they are not wanted, locally, offline, blocked, or of a private name', async () => {
    const cached = await start({ tags: 'cached' });
    const offline = await start({ offline: true });
    const blocked = await start();
    await blocked.engine.metadata.blocks.block({ repository: 'hub', by: 'olga', at: Date.now(), reason: '' });
    for (const { list, hub } of [cached, offline, blocked]) {
      expect(await list()).toBeUndefined();
      expect(hub.asked).toEqual([]);
    }
    const { engine, hub, list } = await start();
    expect(await engine.repository('hub').listTags(app, everything, 'local')).toBeUndefined();
    for (const name of ['secret/app', 'docker.io/secret/app'])
      expect(await list(everything, 'all', parseName(name))).toBeUndefined();
    expect(hub.asked).toEqual([]);
  });
});

describe('an upstream that does not list its tags', () => {
  const troubles = [
    ['breaks connections', unreachable, 'unreachable'],
    ['fails', always(500), 'server-error'],
    ['limits', always(429), 'rate-limited'],
    ['denies', always(403), 'denied'],
    ['sends a web page', always(200, { 'content-type': 'text/html' }), 'bad-answer'],
    ['hangs', () => true, 'timeout'],
  ] as const;

  test.each(troubles)(
    'because it %s: those held here, and why there may be more',
    async (_, trouble, kind) => {
      const { hub, engine, list, pull } = await start();
      await pull('1');
      hub.behave(trouble);
      expect(await list()).toEqual({
        entries: ['1'],
        more: false,
        incomplete: expect.stringContaining('hub: ') as string,
      });
      expect(engine.faults).toEqual([expect.objectContaining({ kind })]);
      answerTags(hub, '1', '2');
      expect(await list()).toEqual({ entries: ['1', '2'], more: false });
    },
  );

  test.each(troubles)('because it %s: with nothing held that is no "not there"', async (_, trouble, kind) => {
    const { hub, list } = await start();
    hub.behave(trouble);
    const fault = await faultOf(list());
    expect(fault).toBeInstanceOf(UpstreamFailure);
    expect(fault).toMatchObject({ kind, upstream: 'hub' });
  });

  test('because it thinks for longer than a client can wait: the client is told so', async () => {
    const { hub, list } = await start({ connectTimeout: 100, headersTimeout: 5000 });
    hub.behave(() => true);
    expect(await faultOf(list())).toMatchObject({
      kind: 'timeout',
      message: 'hub: the upstream did not answer in time: try again later',
    });
  });

  test('but did before: that list, and why it may be old', async () => {
    const { hub, list } = await start({ tagMaxAge: 0 });
    answerTags(hub, 'a', 'b');
    await list();
    hub.behave(always(500));
    expect(await list()).toEqual({
      entries: ['a', 'b'],
      more: false,
      incomplete: expect.stringContaining('HTTP 500') as string,
    });
  });
});

describe('a group', () => {
  test('has the tags of all its members', async () => {
    const { hub, quay, list, pull } = await start();
    await pull('c');
    answerTags(hub, 'a');
    answerTags(quay, 'b', 'a');
    expect(await list(everything, 'all')).toEqual({ entries: ['a', 'b', 'c'], more: false });
    expect(await list({ size: 2, last: undefined }, 'all')).toEqual({ entries: ['a', 'b'], more: true });
    expect(await list({ size: 2, last: 'b' }, 'all')).toEqual({ entries: ['c'], more: false });
  });

  test('says which member is missing', async () => {
    const { hub, quay, list } = await start();
    hub.behave(always(500));
    answerTags(quay, 'b');
    const found = await list(everything, 'all');
    expect(found).toMatchObject({ entries: ['b'], more: false });
    expect(found?.incomplete).toContain('hub: ');
    expect(found?.incomplete).not.toContain('quay: ');
    quay.behave(always(500));
    expect((await list(everything, 'all'))?.incomplete).toContain('hub: ');
  });

  test('names all that failed when nobody has any', async () => {
    const { hub, quay, list } = await start();
    hub.behave(always(429, { 'retry-after': '9' }));
    quay.behave(always(500));
    const fault = await faultOf(list(everything, 'all'));
    expect(fault).toBeInstanceOf(RegistryError);
    expect(fault).toMatchObject({
      kind: 'unavailable',
      retryAfter: 9,
      detail: [
        { member: 'hub', reason: 'rate-limited' },
        { member: 'quay', reason: 'server-error' },
      ],
    });
  });

  test('does not know a name that no member has', async () => {
    const { list } = await start();
    expect(await list(everything, 'all')).toBeUndefined();
  });

  test('asks for a prefixed name only the upstream whose prefix it is', async () => {
    const { hub, quay, list } = await start();
    answerTags(quay, 'b');
    expect(await list(everything, 'all', parseName('quay.io/team/app'))).toMatchObject({ entries: ['b'] });
    expect(hub.asked).toEqual([]);
  });
});
