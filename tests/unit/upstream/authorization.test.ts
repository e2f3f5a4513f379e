import { describe, expect, test, vi } from 'vitest';
import { parseName } from '../../../registry/model/index.ts';
import { allCalls, failureOf, latest, outcomeOf } from './outcome.ts';
import { goodRegistry, manifestDigest, name, reply, startScripted, upstreamAt } from './scripted.ts';
import { startGuarded } from './token-service.ts';

const account = { username: 'mallory', password: 'hunter2:€' };
const basic = `Basic ${Buffer.from('mallory:hunter2:€').toString('base64')}`;
const other = parseName('team/app');

describe('Basic', () => {
  const challenge = { 'www-authenticate': ['Negotiate', 'Basic realm="a, b"'] };

  test.each(allCalls)('%s sends the credentials when asked, then at once', async (call) => {
    const server = await startScripted((request, response) => {
      if (request.headers.authorization === basic) goodRegistry(request, response);
      else reply(response, 401, challenge);
    });
    const upstream = upstreamAt(server.url, account);
    expect(await outcomeOf(upstream, call)).toBe('something');
    expect(await outcomeOf(upstream, call)).toBe('something');
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined, basic, basic]);
  });

  test('refused credentials are sent once', async () => {
    const server = await startScripted((_, response) => {
      reply(response, 401, challenge);
    });
    const upstream = upstreamAt(server.url, account);
    const failure = await failureOf(upstream.headManifest(name, latest), 'unauthorized');
    expect(failure.message).not.toMatch(/hunter2|mallory/);
    expect(server.seen).toHaveLength(2);
    await failureOf(upstream.headManifest(name, latest), 'unauthorized');
    expect(server.seen).toHaveLength(3);
  });

  test('without credentials nothing is sent', async () => {
    const server = await startScripted((_, response) => {
      reply(response, 401, challenge);
    });
    await failureOf(upstreamAt(server.url).headManifest(name, latest), 'unauthorized');
    expect(server.seen).toHaveLength(1);
  });
});

describe('Bearer', () => {
  test.each(allCalls)('%s fetches a token anonymously and keeps it', async (call) => {
    const { registry, realm } = await startGuarded();
    const upstream = upstreamAt(registry.url);
    expect(await outcomeOf(upstream, call)).toBe('something');
    expect(await outcomeOf(upstream, call)).toBe('something');
    expect(registry.seen).toHaveLength(3);
    expect(realm.seen).toHaveLength(1);
    expect(realm.seen[0]?.headers).not.toHaveProperty('authorization');
    const asked = new URL(realm.seen[0]?.url ?? '', realm.url);
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      from: 'registry',
      service: 'the registry',
      scope: 'repository:library/nginx:pull',
    });
  });

  test('the credentials go to the realm and never to the registry', async () => {
    const { registry, realm } = await startGuarded({ key: 'access_token' });
    expect(await upstreamAt(registry.url, account).headManifest(name, latest)).toBeDefined();
    expect(realm.seen[0]?.headers.authorization).toBe(basic);
    expect(registry.seen.map(({ headers }) => headers.authorization?.slice(0, 7))).toEqual([
      undefined,
      'Bearer ',
    ]);
  });

  test.each([
    ['the usual one', (of: string) => `repository:${of}:pull`],
    ['none', () => undefined],
    [
      'with the name of a repository of theirs before it',
      (of: string) => `repository:docker-remote/${of}:pull`,
    ],
    ['one for all names', () => 'aws'],
    ['two', () => 'repository:a:pull repository:b:pull'],
  ])('scope: %s; another name then needs no refusal', async (_, scopeFor) => {
    const { registry } = await startGuarded({ scopeFor });
    const upstream = upstreamAt(registry.url);
    await upstream.headManifest(name, latest);
    expect(registry.seen).toHaveLength(2);
    expect(await upstream.headManifest(other, latest)).toBeDefined();
    expect(registry.seen).toHaveLength(3);
  });

  test('a scope that does not follow from the last one is learned anew', async () => {
    const scopeFor = (of: string): string => (of === other ? 'special' : `repository:${of}:pull`);
    const { registry } = await startGuarded({ scopeFor });
    const upstream = upstreamAt(registry.url);
    await upstream.headManifest(name, latest);
    expect(await upstream.headManifest(other, latest)).toBeDefined();
    expect(await upstream.headManifest(name, latest)).toBeDefined();
  });

  test('many calls at once share one fetch', async () => {
    const waiting: (() => void)[] = [];
    let held = true;
    const { registry, realm } = await startGuarded({
      realm: (_, response) => {
        if (!held) return false;
        waiting.push(() => {
          reply(response, 500);
        });
        return true;
      },
    });
    const upstream = upstreamAt(registry.url);
    const failing = Array.from({ length: 20 }, () => outcomeOf(upstream, 'headManifest'));
    await vi.waitFor(() => {
      expect(registry.seen).toHaveLength(20);
      expect(waiting).toHaveLength(1);
    });
    waiting[0]?.();
    expect(await Promise.all(failing)).toEqual(
      Array.from({ length: 20 }, () => expect.objectContaining({ kind: 'server-error' }) as unknown),
    );
    expect(realm.seen).toHaveLength(1);
    held = false;
    const good = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(upstream, 'headManifest')));
    expect(new Set(good)).toEqual(new Set(['something']));
    expect(realm.seen).toHaveLength(2);
  });

  test('a caller that leaves does not end the fetch that others wait for', async () => {
    const waiting: (() => void)[] = [];
    const { registry, realm, valid } = await startGuarded({
      realm: (_, response) => {
        const token = `t.${Buffer.from(`repository:${name}:pull`).toString('hex')}`;
        waiting.push(() => {
          valid.add(token);
          reply(response, 200, {}, JSON.stringify({ token }));
        });
        return true;
      },
    });
    const upstream = upstreamAt(registry.url);
    const reason = new Error('the client left');
    const abort = new AbortController();
    const first = upstream.headManifest(name, latest, abort.signal);
    await vi.waitFor(() => {
      expect(waiting).toHaveLength(1);
    });
    const second = upstream.headManifest(name, latest);
    abort.abort(reason);
    await expect(first).rejects.toBe(reason);
    waiting[0]?.();
    expect(await second).toMatchObject({ digest: manifestDigest });
    expect(realm.seen).toHaveLength(1);
  });

  test('a token that is refused is fetched anew, once', async () => {
    const { registry, realm, valid } = await startGuarded();
    const upstream = upstreamAt(registry.url);
    await upstream.headManifest(name, latest);
    valid.clear();
    valid.add('so that the next token is another');
    expect(await outcomeOf(upstream, 'headManifest')).toBe('something');
    expect(realm.seen).toHaveLength(2);
    expect(registry.seen).toHaveLength(4);
  });

  test('a new token that is refused is not fetched again', async () => {
    const { registry, realm } = await startGuarded({
      realm: (_, response) => {
        reply(response, 200, {}, '{"token":"worthless"}');
        return true;
      },
    });
    const upstream = upstreamAt(registry.url);
    await failureOf(upstream.headManifest(name, latest), 'hidden');
    expect([registry.seen.length, realm.seen.length]).toEqual([2, 1]);
  });
});

describe('the age of a token', () => {
  /** Seconds on the clock of the upstream under test, and whether a kept token is still used then. */
  test.each([
    ['without expires_in', {}, 49, true],
    ['without expires_in', {}, 51, false],
    ['of 300 s', { expires_in: 300 }, 289, true],
    ['of 300 s', { expires_in: 300 }, 291, false],
    ['of 1 s', { expires_in: 1 }, 4, true],
    ['of 1 s', { expires_in: 1 }, 6, false],
    ['of no known length', { expires_in: 'soon' }, 49, true],
    ['of no known length', { expires_in: 'soon' }, 51, false],
  ])('%s %o after %d s: kept %s', async (_, extra, seconds, kept) => {
    let clock = 0;
    const { registry, realm } = await startGuarded({ extra });
    const upstream = upstreamAt(registry.url, { now: () => clock });
    await upstream.headManifest(name, latest);
    clock = seconds * 1000;
    await upstream.headManifest(name, latest);
    expect(realm.seen).toHaveLength(kept ? 1 : 2);
    expect(registry.seen).toHaveLength(3);
  });
});

describe('what anonymous callers are not shown', () => {
  test.each([401, 403])('the token service says %d: hidden', async (status) => {
    const { registry } = await startGuarded({
      realm: (_, response) => {
        reply(response, status, {}, '{}');
        return true;
      },
    });
    const failure = await failureOf(upstreamAt(registry.url).headManifest(name, latest), 'hidden');
    expect(failure.status).toBe(status);
  });
});

describe('a token service that fails', () => {
  test.each([
    [401, '', 'unauthorized'],
    [403, '', 'denied'],
    [429, '', 'rate-limited'],
    [500, '', 'server-error'],
    [404, '', 'bad-answer'],
    [200, '<html>', 'bad-answer'],
    [200, '{}', 'bad-answer'],
    [200, 'null', 'bad-answer'],
    [200, '{"token":7}', 'bad-answer'],
    [200, '{"token":"a\\r\\nb"}', 'bad-answer'],
  ] as const)('%d %s: %s', async (status, body, kind) => {
    const { registry } = await startGuarded({
      realm: (_, response) => {
        reply(response, status, { 'retry-after': '9' }, body);
        return true;
      },
    });
    const failure = await failureOf(upstreamAt(registry.url, account).headManifest(name, latest), kind);
    expect(failure.message).not.toMatch(/hunter2|mallory/);
    if (status >= 400) expect(failure.retryAfter).toBe(9);
  });
});
