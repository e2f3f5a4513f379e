import type http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { mediaTypes } from '../../../registry/model/index.ts';
import { UpstreamFailure, type FailureKind } from '../../../registry/upstream/index.ts';
import { parseRetryAfter } from '../../../registry/upstream/refusal.ts';
import { allCalls, failureOf, latest, outcomeOf, type Call } from './outcome.ts';
import { blob, digestOf, goodRegistry, manifest, manifestDigest, name } from './scripted.ts';
import { reply, startScripted, upstreamAt, type Script } from './scripted.ts';

type Expected = 'something' | 'nothing' | FailureKind;

/** How an upstream behaves, what all calls then come to, and which come to something else. */
interface Row {
  readonly title: string;
  readonly script: Script;
  readonly all: Expected;
  readonly but?: Partial<Record<Call, Expected>>;
}

const other = digestOf('something else');
const manifestType = { 'content-type': mediaTypes.ociManifest };
const answering =
  (status: number, headers = {}, body = ''): Script =>
  (_, response) => {
    reply(response, status, headers, body);
  };

/** Sends the head and, unless HEAD was asked, six bytes; `then` follows when they are on their way. */
function begin(response: http.ServerResponse, headers: http.OutgoingHttpHeaders, then: () => void): void {
  response.writeHead(200, headers);
  if (response.req.method === 'HEAD') response.end();
  else response.write('{"tags', then);
}

const rows: readonly Row[] = [
  { title: 'a good registry', script: goodRegistry, all: 'something' },
  { title: '404 with JSON', script: answering(404, {}, '{"errors":[]}'), all: 'nothing' },
  { title: '404 with HTML', script: answering(404, { 'content-type': 'text/html' }, '<p>'), all: 'nothing' },
  { title: '404 with nothing', script: answering(404), all: 'nothing' },
  { title: '401 without a challenge', script: answering(401), all: 'unauthorized' },
  {
    title: '401 with a challenge that we do not know',
    script: answering(401, { 'www-authenticate': 'Negotiate' }),
    all: 'unauthorized',
  },
  {
    title: '401 with a realm that is no address',
    script: answering(401, { 'www-authenticate': 'Bearer realm="token"' }),
    all: 'bad-answer',
  },
  { title: '403', script: answering(403), all: 'denied' },
  { title: '429', script: answering(429), all: 'rate-limited' },
  { title: '500', script: answering(500), all: 'server-error' },
  { title: '503', script: answering(503), all: 'server-error' },
  { title: '400', script: answering(400), all: 'bad-answer', but: { headManifest: 'something' } },
  { title: '405', script: answering(405), all: 'bad-answer', but: { headManifest: 'something' } },
  { title: '416', script: answering(416), all: 'bad-answer' },
  { title: '204', script: answering(204), all: 'bad-answer' },
  { title: '302 without Location', script: answering(302), all: 'bad-answer' },
  { title: '302 to nowhere', script: answering(302, { location: 'http://' }), all: 'bad-answer' },
  { title: '302 to a file', script: answering(302, { location: 'file:///etc/passwd' }), all: 'bad-answer' },
  { title: 'a redirect to itself', script: answering(307, { location: '' }), all: 'bad-answer' },
  {
    title: 'a login page',
    script: answering(200, { 'content-type': 'text/html; charset=utf-8' }, '<html>log in</html>'),
    all: 'bad-answer',
  },
  {
    title: 'JSON of no kind, which in HEAD may yet be a manifest',
    script: answering(200, { 'content-type': 'application/json' }, '{}'),
    all: 'bad-answer',
    but: { headManifest: 'something', headBlob: 'something', getBlob: 'something' },
  },
  {
    title: 'content that the upstream itself says is another',
    script: answering(200, { ...manifestType, 'docker-content-digest': other }, '{"tags":[]}'),
    all: 'bad-answer',
    but: { listTags: 'something' },
  },
  {
    title: 'wrong bytes; those of a blob are verified by whoever takes them',
    script: answering(200, manifestType, '{"tags":null}'),
    all: 'something',
    but: { getManifest: 'bad-answer' },
  },
  {
    title: 'compressed bytes',
    script: answering(200, { ...manifestType, 'content-encoding': 'gzip' }, '{"tags":[]}'),
    all: 'something',
    but: { getManifest: 'bad-answer' },
  },
  {
    title: 'a connection that breaks before the answer',
    script: (request) => request.socket.destroy(),
    all: 'unreachable',
  },
  {
    title: 'fewer bytes than were announced',
    script: (_, response) => {
      begin(response, { ...manifestType, 'content-length': 100 }, () => response.destroy());
    },
    all: 'unreachable',
    but: { headManifest: 'something', headBlob: 'something' },
  },
  {
    title: 'a chunked body that breaks off',
    script: (_, response) => {
      begin(response, manifestType, () => response.destroy());
    },
    all: 'unreachable',
    but: { headManifest: 'something', headBlob: 'something' },
  },
  { title: 'no answer', script: () => undefined, all: 'timeout' },
  {
    title: 'a body that stalls',
    script: (_, response) => {
      begin(response, { ...manifestType, 'content-length': 100 }, () => undefined);
    },
    all: 'timeout',
    but: { headManifest: 'something', headBlob: 'something' },
  },
  {
    title: 'more than 8 MiB',
    script: answering(200, manifestType, ' '.repeat(8 * 1024 * 1024 + 1)),
    all: 'bad-answer',
    but: { headManifest: 'something', headBlob: 'something', getBlob: 'something' },
  },
];

const account = { username: 'mallory', password: 'hunter2' };
const soon = { headersTimeout: 200, bodyTimeout: 200 };

describe.each(rows)('$title', ({ script, all, but }) => {
  test.each(allCalls)('%s', async (call) => {
    const server = await startScripted(script);
    const outcome = await outcomeOf(upstreamAt(server.url, { ...account, ...soon }), call);
    expect(outcome instanceof UpstreamFailure ? outcome.kind : outcome).toBe(but?.[call] ?? all);
    if (!(outcome instanceof UpstreamFailure)) return;
    expect(outcome.upstream).toBe('hub');
    expect(outcome.message).toMatch(/^hub: 127\.0\.0\.1:\d+ /);
    expect(outcome.message).not.toMatch(/hunter2|mallory/);
  });
});

async function rawServer(answer: string): Promise<string> {
  const server = net.createServer((socket) => socket.once('data', () => socket.end(answer)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a server that does not speak HTTP is a bad answer', async () => {
  const upstream = upstreamAt(await rawServer('SSH-2.0-OpenSSH\r\n'));
  await failureOf(upstream.getManifest(name, latest), 'bad-answer');
});

test('a port where nobody listens is unreachable', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const failure = await failureOf(
    upstreamAt(`http://127.0.0.1:${port}`).headManifest(name, latest),
    'unreachable',
  );
  expect(failure.message).toContain('ECONNREFUSED');
});

test('a kept connection that the other side closes is replaced without a failure', async () => {
  let answered = 0;
  const server = await startScripted((request, response) => {
    answered += 1;
    if (answered === 2) request.socket.destroy();
    else goodRegistry(request, response);
  });
  const upstream = upstreamAt(server.url);
  await upstream.getManifest(name, latest);
  expect(await upstream.getManifest(name, latest)).toMatchObject({ digest: manifestDigest });
  expect(server.seen).toHaveLength(3);
});

test.each([
  ['7', 7],
  ['Fri, 31 Dec 1999 23:59:59 GMT', 59],
  ['Fri, 31 Dec 1999 23:00:00 GMT', 0],
  ['soon', undefined],
  [undefined, undefined],
])('Retry-After: %s', (header, seconds) => {
  expect(parseRetryAfter(header, Date.UTC(1999, 11, 31, 23, 59, 0))).toBe(seconds);
});

test('a failure says status and time to wait', async () => {
  const server = await startScripted(answering(429, { 'retry-after': '7' }));
  const failure = await failureOf(upstreamAt(server.url).getManifest(name, latest), 'rate-limited');
  expect(failure).toMatchObject({ status: 429, retryAfter: 7 });
});

test('what a good registry says is handed on', async () => {
  const server = await startScripted(goodRegistry);
  const upstream = upstreamAt(server.url);
  const head = { digest: manifestDigest, mediaType: mediaTypes.ociManifest, size: manifest.length };
  expect(await upstream.headManifest(name, latest)).toEqual(head);
  const got = await upstream.getManifest(name, latest);
  expect(got && Buffer.from(got.bytes)).toEqual(manifest);
  expect(got).toMatchObject({ digest: manifestDigest, mediaType: mediaTypes.ociManifest });
  expect(await upstream.headBlob(name, digestOf(blob))).toEqual({ size: blob.length });
  expect(await upstream.listTags(name)).toEqual(['1.0', 'latest']);
});

test('every manifest type is asked for, nothing compressed, under the base path', async () => {
  const server = await startScripted(goodRegistry);
  const upstream = upstreamAt(`${server.url}/repository/docker-proxy/`, { userAgent: 'dockgate/9' });
  await upstream.getManifest(name, latest);
  const [request] = server.seen;
  expect(request?.url).toBe('/repository/docker-proxy/v2/library/nginx/manifests/latest');
  expect(request?.headers.accept?.split(', ').sort()).toEqual(Object.values(mediaTypes).sort());
  expect(request?.headers).toMatchObject({ 'accept-encoding': 'identity', 'user-agent': 'dockgate/9' });
});

test('a tag without a digest header: HEAD does not know, GET computes', async () => {
  const server = await startScripted(answering(200, manifestType, manifest.toString()));
  const upstream = upstreamAt(server.url);
  expect(await upstream.headManifest(name, latest)).toMatchObject({ digest: undefined });
  expect(await upstream.getManifest(name, latest)).toMatchObject({ digest: manifestDigest });
});

test.each([
  ['names another digest', { 'docker-content-digest': other }, manifest, 'another digest'],
  ['is compressed', { 'content-encoding': 'gzip' }, manifest, 'compressed'],
  ['is longer than 8 MiB', {}, Buffer.alloc(8 * 1024 * 1024 + 1, ' '), 'more than 8388608 bytes'],
])("a tag's manifest that %s is a bad answer", async (_, headers, body, says) => {
  const server = await startScripted(answering(200, { ...manifestType, ...headers }, body.toString()));
  const failure = await failureOf(upstreamAt(server.url).getManifest(name, latest), 'bad-answer');
  expect(failure.message).toContain(says);
});

test('questions one after the other share connections, HEAD too', async () => {
  const server = await startScripted(goodRegistry);
  const upstream = upstreamAt(server.url);
  for (let asked = 0; asked < 10; asked += 1) await upstream.headManifest(name, latest);
  // Two, because one that has just answered may not be free yet.
  expect(new Set(server.seen.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2);
});

test('a signal that fires ends the request with its reason', async () => {
  const reason = new Error('the client left');
  const abort = new AbortController();
  const server = await startScripted(() => {
    abort.abort(reason);
  });
  await expect(upstreamAt(server.url).getManifest(name, latest, abort.signal)).rejects.toBe(reason);
});
