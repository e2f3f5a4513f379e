import { describe, expect, test } from 'vitest';
import type { UpstreamSettings } from '../../../registry/upstream/index.ts';
import { failureOf } from './outcome.ts';
import { reply, startScripted, upstreamAt, type Script } from './scripted.ts';

const v1Path = '/v1/search';
const hubPath = '/v2/search/repositories';

const v1Rows = [
  { name: 'nginx', description: 'A web server', star_count: 20_000, is_official: true, is_automated: false },
  { name: 'some/nginx', description: null, is_automated: true, is_trusted: true },
];
const hubRows = [
  { repo_name: 'nginx', short_description: 'A web server', star_count: 20_000, is_official: true },
  { repo_name: 'some/nginx', short_description: '', is_automated: true, repo_owner: '', pull_count: 7 },
];
const hits = [
  { name: 'nginx', description: 'A web server', stars: 20_000, official: true, automated: false },
  { name: 'some/nginx', description: '', stars: 0, official: false, automated: true },
];

/** Answers under one path with these results, elsewhere with what `otherwise` does. */
function indexAt(path: string, results: readonly unknown[], otherwise: Script = notThere): Script {
  return (request, response) => {
    const json = { 'content-type': 'application/json' };
    if (request.url?.startsWith(`${path}?`)) reply(response, 200, json, JSON.stringify({ results }));
    else otherwise(request, response);
  };
}

const answering =
  (status: number, headers = {}, body = ''): Script =>
  (_, response) => {
    reply(response, status, headers, body);
  };
const notThere = answering(404);
const page = answering(200, { 'content-type': 'text/html' }, '<html>Welcome</html>');

/** An upstream, itself not to be reached, whose index is under `path` of a server with that script. */
async function startIndex(script: Script, settings: Partial<UpstreamSettings> = {}, path = '') {
  const server = await startScripted(script);
  const index = new URL(server.url + path);
  const upstream = upstreamAt('http://127.0.0.1:9', { index, ...settings });
  return { server, upstream, asked: () => server.seen.map(({ url }) => url) };
}

test('the form of Docker Registry v1', async () => {
  const { upstream, asked } = await startIndex(indexAt(v1Path, v1Rows));
  expect(await upstream.search('nginx & co', 25)).toEqual(hits);
  expect(asked()).toEqual(['/v1/search?q=nginx+%26+co&n=25']);
});

test("Docker Hub's own form, under a path", async () => {
  const { upstream, asked } = await startIndex(indexAt(`/hub${hubPath}`, hubRows), {}, '/hub/');
  expect(await upstream.search('nginx', 7)).toEqual(hits);
  expect(asked()).toEqual(['/hub/v1/search?q=nginx&n=7', `/hub${hubPath}?query=nginx&page_size=7`]);
});

test('the form that was understood is asked for first from then on, the other when it is gone', async () => {
  let script = indexAt(hubPath, hubRows);
  const { upstream, asked, server } = await startIndex((request, response) => {
    script(request, response);
  });
  const paths = () => asked().map((url) => url?.split('?')[0]);
  await upstream.search('nginx', 25);
  await upstream.search('nginx', 25);
  expect(paths()).toEqual([v1Path, hubPath, hubPath]);
  script = indexAt(v1Path, v1Rows);
  expect(await upstream.search('nginx', 25)).toEqual(hits);
  expect(await upstream.search('nginx', 25)).toEqual(hits);
  expect(paths().slice(3)).toEqual([hubPath, v1Path, v1Path]);
  expect(server.seen).toHaveLength(6);
});

test.each<[string, Script]>([
  ['a web page', page],
  ['JSON of no kind', answering(200, {}, '{"results":7}')],
  ['null', answering(200, {}, 'null')],
  ['400', answering(400)],
  ['410', answering(410)],
])('%s in the one form is no answer, and the other is asked', async (_, script) => {
  const { upstream } = await startIndex(indexAt(hubPath, hubRows, script));
  expect(await upstream.search('nginx', 25)).toEqual(hits);
});

test.each<[string, Script]>([
  ['404', notThere],
  ['a web page', page],
])('%s in both forms is a failure that says what to do', async (_, script) => {
  const { server, upstream } = await startIndex(script);
  const failure = await failureOf(upstream.search('nginx', 25), 'bad-answer');
  expect(failure.message).toBe(
    `hub: ${server.url} takes no searches: give the address of one that does as "index"`,
  );
});

test.each([
  [500, 'server-error'],
  [429, 'rate-limited'],
  [401, 'unauthorized'],
  [403, 'denied'],
] as const)('%i is a failure, and the other form is not asked', async (status, kind) => {
  const { server, upstream } = await startIndex((_, response) => {
    reply(response, status);
  });
  await failureOf(upstream.search('nginx', 25), kind);
  expect(server.seen).toHaveLength(1);
});

test.each<[string, Script]>([
  ['no answer', () => undefined],
  ['an answer that stalls', (_, response) => void response.writeHead(200).write('{"results":[')],
])('%s is a timeout', async (_, script) => {
  const { upstream } = await startIndex(script, { headersTimeout: 200, bodyTimeout: 200 });
  await failureOf(upstream.search('nginx', 25), 'timeout');
});

test('more than a mebibyte is not read', async () => {
  const { upstream } = await startIndex((_, response) => {
    reply(response, 200, {}, ' '.repeat(1_048_577));
  });
  await failureOf(upstream.search('nginx', 25), 'bad-answer');
});

test('what is no name of an image is left out, whatever stands in the other fields', async () => {
  const rows = [
    null,
    7,
    {},
    { name: 7 },
    { name: 'Nginx' },
    { name: 'a/../b' },
    { name: 'ok', star_count: '9' },
  ];
  const { upstream } = await startIndex(indexAt(v1Path, rows));
  const nothing = { description: '', stars: 0, official: false, automated: false };
  expect(await upstream.search('x', 25)).toEqual([{ name: 'ok', ...nothing }]);
});

describe('no more hits than are asked for', () => {
  const many = Array.from({ length: 150 }, (_, number) => ({ name: `image${number}` }));

  test.each([
    [0, 0, undefined],
    [2, 2, '2'],
    [100, 100, '100'],
    [1000, 150, '100'],
  ])('%i', async (size, found, n) => {
    const { upstream, server } = await startIndex(indexAt(v1Path, many));
    expect(await upstream.search('image', size)).toHaveLength(found);
    expect(new URL(server.seen[0]?.url ?? '', server.url).searchParams.get('n') ?? undefined).toBe(n);
  });
});

test('without an index nothing is found and nobody asked', async () => {
  const server = await startScripted(indexAt(v1Path, v1Rows));
  expect(await upstreamAt(server.url).search('nginx', 25)).toEqual([]);
  expect(server.seen).toHaveLength(0);
});

test('a signal that fires ends it with its reason', async () => {
  const abort = new AbortController();
  const reason = new Error('the client left');
  const { upstream } = await startIndex(() => {
    abort.abort(reason);
  });
  await expect(upstream.search('nginx', 25, abort.signal)).rejects.toBe(reason);
});

test('an index that keeps failing is set aside, and the upstream is not', async () => {
  const { server, upstream } = await startIndex(answering(500));
  for (let time = 0; time < 3; time += 1) await failureOf(upstream.search('nginx', 25), 'server-error');
  const failure = await failureOf(upstream.search('nginx', 25), 'server-error');
  expect(failure.message).toContain('is set aside for');
  expect(server.seen).toHaveLength(3);
  expect(upstream.state().urls[0]).toMatchObject({ failures: 0, setAside: undefined });
});

describe('credentials', () => {
  const asking: Script = (request, response) => {
    if (request.headers.authorization === undefined)
      reply(response, 401, { 'www-authenticate': 'Basic realm="x"' });
    else indexAt(v1Path, v1Rows)(request, response);
  };
  const account = { username: 'u', password: 'p' };

  test('go to an index that is the registry itself', async () => {
    const server = await startScripted(asking);
    const upstream = upstreamAt(`${server.url}/repository/x`, { index: new URL(server.url), ...account });
    expect(await upstream.search('nginx', 25)).toEqual(hits);
  });

  test('and to no other', async () => {
    const { server, upstream } = await startIndex(asking, account);
    await failureOf(upstream.search('nginx', 25), 'unauthorized');
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});
