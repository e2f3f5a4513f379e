import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { UpstreamFailure, type FailureKind, type Upstream } from '../../../registry/upstream/index.ts';
import { allCalls, failureOf, latest, outcomeOf } from './outcome.ts';
import { until } from './until.ts';
import { blobDigest, goodRegistry, name, reply } from './scripted.ts';
import { startScripted, upstreamAt, type Script } from './scripted.ts';

const answering =
  (status: number, headers = {}): Script =>
  (_, response) => {
    reply(response, status, headers);
  };

const failing = answering(503);

/** A server whose script can be exchanged. */
async function startChanging(first: Script) {
  let script = first;
  const server = await startScripted((request, response) => {
    script(request, response);
  });
  return { server, now: (next: Script) => void (script = next) };
}

/** Asks for the manifest so often, one after the other. */
async function fail(upstream: Upstream, kind: FailureKind, times: number): Promise<UpstreamFailure[]> {
  const failures: UpstreamFailure[] = [];
  for (let time = 0; time < times; time += 1)
    failures.push(await failureOf(upstream.getManifest(name, latest), kind));
  return failures;
}

const stateOf = (upstream: Upstream) => upstream.state().urls[0];
const isSetAside = (upstream: Upstream): boolean => stateOf(upstream)?.setAside !== undefined;

/** A clock that stands still, so that what is left of a pause is exact. */
const still = { now: () => 0 };

describe('after three failures in a row', () => {
  test('every call fails at once, as the last did, and says for how long', async () => {
    const server = await startScripted(failing);
    const upstream = upstreamAt(server.url, still);
    await fail(upstream, 'server-error', 3);
    for (const call of allCalls) {
      const failure = await outcomeOf(upstream, call);
      const { host } = new URL(server.url);
      expect(failure).toMatchObject({
        kind: 'server-error',
        status: 503,
        retryAfter: 1,
        message: `hub: ${host} is set aside for 1 s after: ${host} failed: try again later (HTTP 503)`,
      });
    }
    expect(server.seen).toHaveLength(3);
  });

  test('the state says so', async () => {
    const server = await startScripted(failing);
    const upstream = upstreamAt(`${server.url}/`, still);
    expect(stateOf(upstream)).toEqual({ url: server.url, setAside: undefined, failures: 0 });
    await fail(upstream, 'server-error', 2);
    expect(stateOf(upstream)).toEqual({ url: server.url, setAside: undefined, failures: 2 });
    const before = Date.now();
    await fail(upstream, 'server-error', 1);
    const { setAside, failures } = stateOf(upstream) ?? {};
    expect(failures).toBe(3);
    expect(setAside?.failure).toMatch(/^hub: 127.* failed/);
    expect(setAside?.until).toBeGreaterThanOrEqual(before + 1000);
    expect(setAside?.until).toBeLessThanOrEqual(Date.now() + 1000);
  });

  test('not when automatic blocking is off', async () => {
    const server = await startScripted(failing);
    await fail(upstreamAt(server.url, { autoBlock: false }), 'server-error', 6);
    expect(server.seen).toHaveLength(6);
  });
});

interface Row {
  readonly title: string;
  readonly script: Script;
  readonly kind: FailureKind;
  readonly counts: boolean;
}

const rows: readonly Row[] = [
  { title: 'a broken connection', script: (r) => r.socket.destroy(), kind: 'unreachable', counts: true },
  { title: 'no answer', script: () => undefined, kind: 'timeout', counts: true },
  { title: '500', script: answering(500), kind: 'server-error', counts: true },
  { title: '429', script: answering(429), kind: 'rate-limited', counts: true },
  { title: '401', script: answering(401), kind: 'unauthorized', counts: false },
  { title: '403', script: answering(403), kind: 'denied', counts: false },
  { title: 'a web page', script: answering(200), kind: 'bad-answer', counts: false },
];

test.each(rows)('$title: does it count? $counts', async ({ script, kind, counts }) => {
  const server = await startScripted(script);
  const upstream = upstreamAt(server.url, { headersTimeout: 100, ...still });
  await fail(upstream, kind, 3);
  expect(isSetAside(upstream)).toBe(counts);
});

test('a stalled body of a short answer counts once', async () => {
  const server = await startScripted((_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('{"tags":');
  });
  const upstream = upstreamAt(server.url, { bodyTimeout: 100, headersTimeout: 200 });
  await failureOf(upstream.listTags(name), 'timeout');
  expect(stateOf(upstream)?.failures).toBe(1);
});

test.each([
  ['a good answer', goodRegistry],
  ['404', answering(404)],
  ['401', answering(401)],
])('%s begins the count anew', async (_, script) => {
  const { server, now } = await startChanging(failing);
  const upstream = upstreamAt(server.url, still);
  await fail(upstream, 'server-error', 2);
  now(script);
  await outcomeOf(upstream, 'headBlob');
  expect(stateOf(upstream)?.failures).toBe(0);
});

test.each([
  ['the client left', new Error('the client left')],
  ['a failure elsewhere', new UpstreamFailure('other', 'timeout', 'it took too long')],
])('who was let go because of %s does not count', async (_, reason) => {
  const server = await startScripted(() => undefined);
  const upstream = upstreamAt(server.url);
  for (let time = 0; time < 4; time += 1) {
    const abort = new AbortController();
    const call = upstream.getManifest(name, latest, abort.signal);
    await until(() => server.seen.length > time);
    abort.abort(reason);
    await expect(call).rejects.toBe(reason);
  }
  expect(stateOf(upstream)).toMatchObject({ failures: 0, setAside: undefined });
});

test('who waited in vain for a turn does not count', async () => {
  const server = await startScripted((request, response) => {
    if (request.url?.includes('/blobs/')) response.writeHead(200).write('slow');
    else goodRegistry(request, response);
  });
  const upstream = upstreamAt(server.url, { maxConnections: 1, headersTimeout: 100 });
  const running = await upstream.getBlob(name, blobDigest, 0);
  for (let time = 0; time < 4; time += 1) await failureOf(upstream.getBlob(name, blobDigest, 0), 'timeout');
  expect(stateOf(upstream)).toMatchObject({ failures: 0, setAside: undefined });
  running?.body.destroy();
});

test('a burst of failures makes one pause of a second', async () => {
  const server = await startScripted(failing);
  const upstream = upstreamAt(server.url, still);
  const burst = Array.from({ length: 20 }, () => upstream.getManifest(name, latest));
  for (const call of burst) await failureOf(call, 'server-error');
  const [next] = await fail(upstream, 'server-error', 1);
  expect(next?.retryAfter).toBe(1);
});

test('an answer that was under way ends the pause', async () => {
  const waiting: (() => void)[] = [];
  const server = await startScripted((request, response) => {
    if (request.url?.includes('/tags/'))
      waiting.push(() => {
        goodRegistry(request, response);
      });
    else failing(request, response);
  });
  const upstream = upstreamAt(server.url);
  const tags = upstream.listTags(name);
  await until(() => waiting.length > 0);
  await fail(upstream, 'server-error', 3);
  expect(isSetAside(upstream)).toBe(true);
  waiting[0]?.();
  await tags;
  expect(isSetAside(upstream)).toBe(false);
});

test('a download that stalls counts when its taker says so', async () => {
  const server = await startScripted((_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('some');
  });
  const upstream = upstreamAt(server.url, { bodyTimeout: 100 });
  const blob = await upstream.getBlob(name, blobDigest, 0);
  const fault = await failureOf(buffer(blob?.body ?? Readable.from([])), 'timeout');
  expect(stateOf(upstream)?.failures).toBe(0);
  blob?.report(fault);
  expect(stateOf(upstream)?.failures).toBe(1);
  blob?.report(new UpstreamFailure('hub', 'bad-answer', 'other bytes'));
  expect(stateOf(upstream)?.failures).toBe(1);
});

describe('the probe', () => {
  test('ends the pause, whatever it is told by whoever is alive', async () => {
    const { server, now } = await startChanging(failing);
    const upstream = upstreamAt(server.url, { username: 'u', password: 'p' });
    await fail(upstream, 'server-error', 3);
    now(answering(401, { 'www-authenticate': 'Basic realm="x"' }));
    await until(() => !isSetAside(upstream));
    const probe = server.seen[3];
    expect([server.seen.length, probe?.method, probe?.url]).toEqual([4, 'GET', '/v2/']);
    expect(probe?.headers.authorization).toBeUndefined();
    now(goodRegistry);
    expect(await outcomeOf(upstream, 'getManifest')).toBe('something');
  });

  test('lies under the path of the address', async () => {
    const server = await startScripted(failing);
    const upstream = upstreamAt(`${server.url}/repository/docker/`);
    await fail(upstream, 'server-error', 3);
    await until(() => server.seen.length > 3);
    expect(server.seen[3]?.url).toBe('/repository/docker/v2/');
  });

  test.each<[string, Script, FailureKind]>([
    ['503', failing, 'server-error'],
    ['429 with a time to wait', answering(429, { 'retry-after': '9' }), 'rate-limited'],
    ['a broken connection', (request) => request.socket.destroy(), 'unreachable'],
  ])('that gets %s makes the pause longer', async (_, script, kind) => {
    const { server, now } = await startChanging(failing);
    const upstream = upstreamAt(server.url, still);
    await fail(upstream, 'server-error', 3);
    now(script);
    await until(() => (stateOf(upstream)?.failures ?? 0) > 3);
    const [failure] = await fail(upstream, kind, 1);
    expect(failure?.retryAfter).toBe(kind === 'rate-limited' ? 9 : 2);
  });

  test('keeps nobody who closes waiting, and is sent no more then', async () => {
    const { server, now } = await startChanging(failing);
    const [waiting, probing] = [upstreamAt(server.url), upstreamAt(server.url)];
    await fail(probing, 'server-error', 3);
    now(() => undefined);
    await until(() => server.seen.length > 3);
    await probing.close();
    await until(() => server.seen[3]?.socket.destroyed ?? false);
    now(failing);
    await fail(waiting, 'server-error', 3);
    await waiting.close();
    // Longer than the pause: a probe would have come.
    await sleep(1500);
    expect(server.seen).toHaveLength(7);
    expect([stateOf(waiting)?.failures, stateOf(probing)?.failures]).toEqual([3, 3]);
  });
});

describe('who may fetch no more', () => {
  const limited: Script = (request, response) => {
    const isPull = request.method === 'GET' && request.url?.includes('/manifests/');
    if (isPull) reply(response, 429, { 'retry-after': '120' });
    else goodRegistry(request, response);
  };

  test('may still ask and download', async () => {
    const upstream = upstreamAt((await startScripted(limited)).url, still);
    await fail(upstream, 'rate-limited', 3);
    const outcomes = await Promise.all(allCalls.map(async (call) => [call, await outcomeOf(upstream, call)]));
    expect(Object.fromEntries(outcomes)).toMatchObject({
      headManifest: 'something',
      getManifest: { kind: 'rate-limited', retryAfter: 120 },
      headBlob: 'something',
      getBlob: 'something',
      listTags: 'something',
    });
    expect(isSetAside(upstream)).toBe(true);
  });

  test('waits no longer than five minutes', async () => {
    const server = await startScripted(answering(429, { 'retry-after': '86400' }));
    const upstream = upstreamAt(server.url, still);
    await fail(upstream, 'rate-limited', 3);
    expect((await fail(upstream, 'rate-limited', 1))[0]?.retryAfter).toBe(300);
  });

  test('may not again because an earlier request was let through late', async () => {
    const waiting: (() => void)[] = [];
    const server = await startScripted((request, response) => {
      if (request.url?.endsWith('/late'))
        waiting.push(() => {
          goodRegistry(request, response);
        });
      else limited(request, response);
    });
    const upstream = upstreamAt(server.url, still);
    const late = upstream.getManifest(name, { tag: 'late' as typeof latest.tag });
    await until(() => waiting.length > 0);
    await fail(upstream, 'rate-limited', 3);
    waiting[0]?.();
    await late;
    expect(isSetAside(upstream)).toBe(true);
  });
});
