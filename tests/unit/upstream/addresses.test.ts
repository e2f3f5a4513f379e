import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import {
  createUpstream,
  UpstreamFailure,
  type FailureKind,
  type Upstream,
} from '../../../registry/upstream/index.ts';
import { digestOf, goodRegistry, name, reply, startScripted, upstreamAt, type Script } from './scripted.ts';
import { allCalls, failureOf, latest, outcomeOf } from './outcome.ts';
import { until } from './until.ts';

const answering =
  (status: number, headers = {}): Script =>
  (_, response) => {
    reply(response, status, headers);
  };

async function refusing(): Promise<string> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}`;
}

function upstreamWith(urls: readonly string[], settings = {}): Upstream {
  return upstreamAt('http://unused.invalid', { urls: urls.map((url) => new URL(url)), ...settings });
}

const hostOf = (url: string): string => new URL(url).host;

test('an upstream without an address is refused', () => {
  expect(() => createUpstream({ name: 'hub', urls: [] })).toThrow('hub has no address');
});

test('the second is not asked while the first answers', async () => {
  const [first, second] = [await startScripted(goodRegistry), await startScripted(goodRegistry)];
  const upstream = upstreamWith([first.url, second.url]);
  for (const call of allCalls) expect(await outcomeOf(upstream, call)).toBe('something');
  expect([first.seen.length, second.seen.length]).toEqual([allCalls.length, 0]);
});

test.each([
  ['503', answering(503)],
  ['429', answering(429)],
  ['a broken connection', (request) => request.socket.destroy()],
  ['no answer', () => undefined],
])('the second is asked when the first gives %s, for every call', async (_, script) => {
  const [first, second] = [await startScripted(script), await startScripted(goodRegistry)];
  const upstream = upstreamWith([first.url, `${second.url}/mirror`], { headersTimeout: 200 });
  for (const call of allCalls) expect(await outcomeOf(upstream, call)).toBe('something');
  expect(await upstream.listReferrers(name, digestOf('x')).catch(() => 'not a list')).toBeDefined();
  expect(second.seen[0]?.url).toMatch(/^\/mirror\/v2\/library\/nginx\//);
});

test.each<[string, Script, FailureKind | 'nothing']>([
  ['404', answering(404), 'nothing'],
  ['401', answering(401), 'unauthorized'],
  ['403', answering(403), 'denied'],
  ['a web page', answering(200, { 'content-type': 'text/html' }), 'bad-answer'],
])('the second is not asked when the first gives %s', async (_, script, expected) => {
  const [first, second] = [await startScripted(script), await startScripted(goodRegistry)];
  const upstream = upstreamWith([first.url, second.url]);
  const outcome = await outcomeOf(upstream, 'getManifest');
  expect(outcome instanceof Error ? outcome.kind : outcome).toBe(expected);
  expect(second.seen).toHaveLength(0);
});

test('what the second says is the answer', async () => {
  const second = await startScripted(answering(404));
  expect(await outcomeOf(upstreamWith([await refusing(), second.url]), 'getManifest')).toBe('nothing');
});

test('a list begun at one address goes on there', async () => {
  const page: Script = (request, response) => {
    if (request.url?.includes('last=')) reply(response, 200, {}, '{"tags":["b"]}');
    else reply(response, 200, { link: '</v2/library/nginx/tags/list?last=a>; rel=next' }, '{"tags":["a"]}');
  };
  const [first, second] = [await startScripted(answering(503)), await startScripted(page)];
  expect(await upstreamWith([first.url, second.url]).listTags(name)).toEqual(['a', 'b']);
  expect([first.seen.length, second.seen.length]).toEqual([1, 2]);
});

test('each has its own token service', async () => {
  const guarded = async () => {
    const realm = await startScripted((_, response) => {
      reply(response, 200, {}, JSON.stringify({ token: `of-${realm.url}` }));
    });
    const server = await startScripted((request, response) => {
      if (request.headers.authorization === `Bearer of-${realm.url}`) goodRegistry(request, response);
      else reply(response, 401, { 'www-authenticate': `Bearer realm="${realm.url}/token"` });
    });
    return { server, realm };
  };
  const [first, second] = [await guarded(), await guarded()];
  const both = [first.server.url, second.server.url];
  expect(await outcomeOf(upstreamWith(both), 'getManifest')).toBe('something');
  expect(await outcomeOf(upstreamWith(both.reverse()), 'getManifest')).toBe('something');
  expect([first.realm.seen.length, second.realm.seen.length]).toEqual([1, 1]);
});

test('one that is set aside is passed over without a request', async () => {
  const [first, second] = [await startScripted(answering(503)), await startScripted(goodRegistry)];
  const upstream = upstreamWith([first.url, second.url], { now: () => 0 });
  for (let time = 0; time < 5; time += 1) await upstream.getManifest(name, latest);
  expect([first.seen.length, second.seen.length]).toEqual([3, 5]);
  expect(upstream.state().urls).toEqual([
    { url: first.url, setAside: expect.anything() as unknown, failures: 3 },
    { url: second.url, setAside: undefined, failures: 0 },
  ]);
});

describe('when none answers', () => {
  test('the failure is that of the first and mentions the others', async () => {
    const [dead, limited] = [await refusing(), await startScripted(answering(429, { 'retry-after': '40' }))];
    const broken = await startScripted(answering(503, { 'retry-after': '7' }));
    const upstream = upstreamWith([dead, limited.url, broken.url]);
    const failure = await failureOf(upstream.getManifest(name, latest), 'unreachable');
    expect(failure.message).toMatch(
      new RegExp(
        `^hub: ${hostOf(dead)} could not be reached: .* \\(ECONNREFUSED\\); nor did another address answer: ` +
          `${hostOf(limited.url)} allows no more requests .*; ${hostOf(broken.url)} failed`,
      ),
    );
    expect(failure).toMatchObject({ upstream: 'hub', retryAfter: 7 });
  });

  test('nor when all are set aside', async () => {
    const servers = [await startScripted(answering(500)), await startScripted(answering(500))];
    const upstream = upstreamWith(
      servers.map(({ url }) => url),
      { now: () => 0 },
    );
    for (let time = 0; time < 3; time += 1)
      await failureOf(upstream.getManifest(name, latest), 'server-error');
    const failure = await failureOf(upstream.getManifest(name, latest), 'server-error');
    expect(failure.message.match(/is set aside for 1 s after/g)).toHaveLength(2);
    expect([failure.status, failure.retryAfter]).toEqual([500, 1]);
    expect(servers.map(({ seen }) => seen.length)).toEqual([3, 3]);
  });
});

test.each([
  ['the client left', new Error('the client left')],
  ['a failure elsewhere', new UpstreamFailure('other', 'timeout', 'it took too long')],
])('who was let go because of %s is not asked for at the next address', async (_, reason) => {
  const abort = new AbortController();
  const first = await startScripted(() => {
    abort.abort(reason);
  });
  const second = await startScripted(goodRegistry);
  const upstream = upstreamWith([first.url, second.url]);
  await expect(upstream.getManifest(name, latest, abort.signal)).rejects.toBe(reason);
  expect(second.seen).toHaveLength(0);
});

test('the state adds up what was asked of all', async () => {
  const limit = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '76;w=21600' };
  const [first, second] = [await startScripted(answering(503)), await startScripted(answering(404, limit))];
  const upstream = upstreamWith([first.url, second.url], { index: new URL(`${second.url}/index`) });
  await upstream.getManifest(name, latest);
  await upstream.headManifest(name, latest);
  await failureOf(upstream.search('x', 1), 'bad-answer');
  // A request is over when its body is.
  await until(() => upstream.state().running === 0);
  const { requests, rateLimit, running, waiting } = upstream.state();
  expect(requests.toSorted((one, other) => one.count - other.count)).toEqual([
    { method: 'GET', outcome: '503', count: 1 },
    { method: 'HEAD', outcome: '503', count: 1 },
    { method: 'HEAD', outcome: '404', count: 1 },
    { method: 'GET', outcome: '404', count: 3 },
  ]);
  expect(rateLimit).toMatchObject({ limit: 100, remaining: 76, window: 21600 });
  expect([running, waiting]).toEqual([0, 0]);
});
