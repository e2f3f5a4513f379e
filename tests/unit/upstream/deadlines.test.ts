import { once } from 'node:events';
import type http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { expect, onTestFinished, test, vi } from 'vitest';
import { mediaTypes } from '../../../registry/model/index.ts';
import { UpstreamFailure } from '../../../registry/upstream/index.ts';
import { becomesIdle, clientAt, get } from './client-at.ts';
import { failureOf, latest } from './outcome.ts';
import { blob, blobDigest, goodRegistry, manifestDigest, name, reply } from './scripted.ts';
import { startScripted, upstreamAt, type Script } from './scripted.ts';

/** A whole answer may take 250 ms; the gaps of what drips here are far shorter than the idle limit. */
const soon = { headersTimeout: 200, bodyTimeout: 5000 };

/** Sends a byte every 10 ms for as long as anybody listens, or until `bytes` are sent. */
function drip(response: http.ServerResponse, headers: http.OutgoingHttpHeaders, bytes?: Buffer): void {
  response.writeHead(200, headers);
  let sent = 0;
  const timer = setInterval(() => {
    if (bytes && sent >= bytes.length) response.end();
    else response.write(bytes ? bytes.subarray(sent, sent + 1) : ' ');
    sent += 1;
  }, 10);
  response.on('close', () => {
    clearInterval(timer);
  });
}

const dripping: Script = (_, response) => {
  drip(response, { 'content-type': mediaTypes.ociManifest });
};

test.each(['getManifest', 'listTags', 'listReferrers'] as const)(
  '%s ends in time when its answer only drips',
  async (call) => {
    const server = await startScripted(dripping);
    const upstream = upstreamAt(server.url, soon);
    const asking = {
      getManifest: () => upstream.getManifest(name, latest),
      listTags: () => upstream.listTags(name),
      listReferrers: () => upstream.listReferrers(name, manifestDigest),
    }[call]();
    const failure = await failureOf(asking, 'timeout');
    expect(failure.message).toContain('whole answer in time');
    await vi.waitFor(async () => {
      expect(await server.open()).toBe(0);
    });
  },
);

test('a list of many pages, each in time, ends in time as a whole', async () => {
  const server = await startScripted((request, response) => {
    setTimeout(() => {
      reply(response, 200, { link: `<${request.url ?? ''}>; rel="next"` }, '{"tags":["a"]}');
    }, 60);
  });
  const failure = await failureOf(upstreamAt(server.url, soon).listTags(name), 'timeout');
  expect(failure.message).toContain('in time');
  expect(server.seen.length).toBeLessThan(10);
});

test.each([
  ['drips', drip],
  ['does not come', () => undefined],
] as const)('a token that %s is not waited for longer', async (_, script) => {
  const realm = await startScripted((_request, response) => {
    script(response, {});
  });
  const server = await startScripted((_request, response) => {
    reply(response, 401, { 'www-authenticate': `Bearer realm="${realm.url}/token"` });
  });
  const failure = await failureOf(upstreamAt(server.url, soon).getManifest(name, latest), 'timeout');
  expect(failure.message).toContain(new URL(realm.url).host);
  await vi.waitFor(async () => {
    expect(await realm.open()).toBe(0);
  });
});

test('who must have his answer sooner waits for a token no longer than that', async () => {
  const realm = await startScripted(() => undefined);
  const server = await startScripted((_request, response) => {
    reply(response, 401, { 'www-authenticate': `Bearer realm="${realm.url}/token"` });
  });
  const client = clientAt(server.url);
  const ask = get(server.url, { until: performance.now() + 200 });
  const failure = await failureOf(client.send(ask, name), 'timeout');
  expect(failure.message).toContain(`token service ${new URL(realm.url).host}`);
});

test('an answer that is given up while it drips holds its turn no longer than any other', async () => {
  const server = await startScripted((_, response) => {
    response.statusCode = 404;
    response.flushHeaders();
  });
  const client = clientAt(server.url, soon);
  (await client.send(get(server.url))).drop();
  expect(client.counts().running).toBe(1);
  await becomesIdle(client);
});

test('the head of a download must come in time, its body may take for ever while it moves', async () => {
  const slow = blob.subarray(0, 60);
  const server = await startScripted((_, response) => {
    drip(response, { 'content-length': slow.length }, slow);
  });
  const got = await upstreamAt(server.url, soon).getBlob(name, blobDigest, 0);
  expect(got && (await buffer(got.body))).toEqual(slow);
  const silent = await startScripted(() => undefined);
  await failureOf(upstreamAt(silent.url, soon).getBlob(name, blobDigest, 0), 'timeout');
});

test('who has time waits for the head of an answer no longer than the upstream may think', async () => {
  const server = await startScripted(() => undefined);
  const client = clientAt(server.url, { headersTimeout: 200 });
  const ask = get(server.url, { until: performance.now() + 60_000 });
  await failureOf(client.send(ask), 'timeout');
  await becomesIdle(client);
});

test('a download that stalls breaks off after the idle limit', async () => {
  const server = await startScripted((_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('begin');
  });
  const settings = { headersTimeout: 5000, bodyTimeout: 200 };
  const got = await upstreamAt(server.url, settings).getBlob(name, blobDigest, 0);
  if (!got) throw new Error('the upstream has no such blob');
  const failure = await failureOf(buffer(got.body), 'timeout');
  expect(failure.message).toContain('stopped sending');
});

test('a host that takes the connection and never speaks TLS is a timeout', async () => {
  const server = net.createServer(() => undefined).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const upstream = upstreamAt(`https://127.0.0.1:${port}`, { connectTimeout: 200 });
  const failure = await failureOf(upstream.getManifest(name, latest), 'timeout');
  expect(failure.message).toContain('did not take the connection in time');
});

/** A registry that answers only when it is told to. */
async function startHolding(): Promise<{ url: string; seen: readonly unknown[]; answer: () => void }> {
  const held: (() => void)[] = [];
  const server = await startScripted((request, response) => {
    held.push(() => {
      goodRegistry(request, response);
    });
  });
  const answer = (): void => {
    for (const each of held.splice(0)) each();
  };
  return { url: server.url, seen: server.seen, answer };
}

test('at most so many requests go at once, downloads and questions apart', async () => {
  const server = await startHolding();
  const client = clientAt(server.url, { maxConnections: 2 });
  const [question, download] = [`${server.url}/v2/x/manifests/y`, `${server.url}/v2/x/blobs/y`];
  const asked = [1, 2, 3].flatMap(() => [
    client.send(get(question)).then((answer) => answer.read(1000)),
    client.send(get(download, { bulk: true })).then((answer) => buffer(answer.stream())),
  ]);
  await vi.waitFor(() => {
    expect(server.seen).toHaveLength(4);
    expect(client.counts()).toMatchObject({ running: 4, waiting: 2 });
  });
  server.answer();
  await vi.waitFor(() => {
    expect(server.seen).toHaveLength(6);
  });
  server.answer();
  await Promise.all(asked);
  await becomesIdle(client);
});

test('who waits too long for a turn is told so, and the upstream is not blamed', async () => {
  const server = await startHolding();
  const client = clientAt(server.url, { maxConnections: 1, headersTimeout: 200 });
  const first = await Promise.all([
    failureOf(client.send(get(server.url, { bulk: true })), 'timeout'),
    failureOf(client.send(get(server.url, { bulk: true, until: performance.now() + 100 })), 'timeout'),
  ]);
  expect(first.map(({ asked }) => asked)).toEqual([true, false]);
  expect(first[1].message).toContain('too many requests');
  expect(first[1].message).toContain('"maxConnections"');
  expect(server.seen).toHaveLength(1);
  await becomesIdle(client);
});

test('the turn is over with the body: a long download keeps others waiting, but not for ever', async () => {
  const server = await startScripted((_, response) => {
    response.writeHead(200, { 'content-length': 100 }).write('begin');
  });
  const client = clientAt(server.url, { maxConnections: 1, headersTimeout: 200 });
  const long = (await client.send(get(server.url, { bulk: true }))).stream();
  const failure = await failureOf(client.send(get(server.url, { bulk: true })), 'timeout');
  expect(failure.asked).toBe(false);
  const next = client.send(get(server.url, { bulk: true }));
  long.destroy();
  (await next).stream().destroy();
  await becomesIdle(client);
});

test('who leaves while waiting leaves the line, and nothing is asked for him', async () => {
  const server = await startHolding();
  const client = clientAt(server.url, { maxConnections: 1 });
  const first = client.send(get(server.url));
  const reason = new Error('the client left');
  const abort = new AbortController();
  const second = client.send(get(server.url, { signal: abort.signal }));
  await vi.waitFor(() => {
    expect(client.counts()).toMatchObject({ running: 1, waiting: 1 });
    expect(server.seen).toHaveLength(1);
  });
  abort.abort(reason);
  await expect(second).rejects.toBe(reason);
  expect(client.counts()).toMatchObject({ running: 1, waiting: 0 });
  server.answer();
  (await first).drop();
  await becomesIdle(client);
  expect(server.seen).toHaveLength(1);
});

test('a shared signal is left without listeners, however a request ends', async () => {
  const server = await startScripted((request, response) => {
    if (request.url === '/broken') request.socket.destroy();
    else goodRegistry(request, response);
  });
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, 'addEventListener');
  const remove = vi.spyOn(signal, 'removeEventListener');
  const client = clientAt(server.url);
  await (await client.send(get(`${server.url}/manifests/x`, { signal }))).read(1000);
  (await client.send(get(`${server.url}/manifests/x`, { signal }))).drop();
  (await client.send(get(`${server.url}/blobs/x`, { signal, bulk: true }))).stream().destroy();
  await failureOf(client.send(get(`${server.url}/broken`, { signal })), 'unreachable');
  await becomesIdle(client);
  expect(add).toHaveBeenCalledTimes(4);
  for (const [type, listener] of add.mock.calls) expect(remove).toHaveBeenCalledWith(type, listener);
});

test('closing ends what is under way and what waits', async () => {
  const server = await startHolding();
  const client = clientAt(server.url, { maxConnections: 1 });
  const outcomes = [1, 2].map(() =>
    client.send(get(server.url)).then(
      () => 'an answer',
      (fault: unknown) => fault,
    ),
  );
  await vi.waitFor(() => {
    expect(server.seen).toHaveLength(1);
  });
  await client.close();
  for (const outcome of await Promise.all(outcomes)) {
    expect(outcome).toBeInstanceOf(UpstreamFailure);
    expect(outcome).toMatchObject({ kind: 'unreachable', asked: false });
  }
  expect(client.counts()).toMatchObject({ running: 0, waiting: 0 });
});

test('requests are counted by what became of them, bytes as they come', async () => {
  const cdn = await startScripted(goodRegistry);
  const server = await startScripted((request, response) => {
    if (request.url === '/broken') request.socket.destroy();
    else if (request.url === '/none') reply(response, 404);
    else if (request.url === '/slow') return;
    else if (request.url?.startsWith('/blobs')) reply(response, 307, { location: `${cdn.url}/blobs/x` });
    else goodRegistry(request, response);
  });
  const client = clientAt(server.url);
  const fetch = async (path: string): Promise<void> => {
    await buffer((await client.send(get(`${server.url}${path}`, { bulk: true }))).stream());
  };
  await fetch('/blobs/x');
  await fetch('/blobs/x');
  (await client.send(get(`${server.url}/none`, { method: 'HEAD' }))).drop();
  await failureOf(fetch('/broken'), 'unreachable');
  const leaving = AbortSignal.timeout(50);
  await expect(client.send(get(`${server.url}/slow`, { signal: leaving }))).rejects.toThrow('timeout');
  await becomesIdle(client);
  expect(client.counts().bytes).toBe(2 * blob.length);
  expect(client.counts().requests).toEqual(
    expect.arrayContaining([
      { method: 'GET', outcome: '307', count: 2 },
      { method: 'GET', outcome: '200', count: 2 },
      { method: 'HEAD', outcome: '404', count: 1 },
      { method: 'GET', outcome: 'unreachable', count: 1 },
      { method: 'GET', outcome: 'aborted', count: 1 },
    ]),
  );
});
