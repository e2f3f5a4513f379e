import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test, vi } from 'vitest';
import { UpstreamFailure, type UpstreamBlob } from '../../../registry/upstream/index.ts';
import { failureOf } from './outcome.ts';
import { blob, blobDigest, goodRegistry, name, reply, startScripted, upstreamAt } from './scripted.ts';
import type { Script } from './scripted.ts';

function bodyOf(found: UpstreamBlob | undefined): Readable {
  if (!found) throw new Error('the upstream has no such blob');
  return found.body;
}

const announced = { 'content-length': 10_000_000 };

test('a blob comes whole, and from a byte on', async () => {
  const upstream = upstreamAt((await startScripted(goodRegistry)).url);
  const whole = await upstream.getBlob(name, blobDigest, 0);
  expect(whole).toMatchObject({ from: 0, size: blob.length });
  expect(await buffer(bodyOf(whole))).toEqual(blob);
  const rest = await upstream.getBlob(name, blobDigest, 150_000);
  expect(rest).toMatchObject({ from: 150_000, size: blob.length });
  expect(await buffer(bodyOf(rest))).toEqual(blob.subarray(150_000));
});

test('an upstream without ranges sends the blob from its beginning, and says so', async () => {
  const server = await startScripted((_, response) => {
    reply(response, 200, {}, blob);
  });
  const got = await upstreamAt(server.url).getBlob(name, blobDigest, 1000);
  expect(got).toMatchObject({ from: 0, size: blob.length });
  bodyOf(got).destroy();
});

test('a part of a blob of unknown size', async () => {
  const server = await startScripted((_, response) => {
    reply(response, 206, { 'content-range': 'bytes 5-9/*' }, '56789');
  });
  const got = await upstreamAt(server.url).getBlob(name, blobDigest, 5);
  expect(got).toMatchObject({ from: 5, size: undefined });
  bodyOf(got).destroy();
});

test.each(['bytes 0-9/10', 'bytes 6-9/10', 'bytes */10', ''])(
  'another part, %j, is refused',
  async (range) => {
    const server = await startScripted((_, response) => {
      reply(response, 206, { 'content-range': range }, '56789');
    });
    await failureOf(upstreamAt(server.url).getBlob(name, blobDigest, 5), 'bad-answer');
  },
);

test('a part that was not asked for is refused', async () => {
  const server = await startScripted((_, response) => {
    reply(response, 206, { 'content-range': 'bytes 0-4/10' }, '01234');
  });
  await failureOf(upstreamAt(server.url).getBlob(name, blobDigest, 0), 'bad-answer');
});

test('the body of a stalled upstream ends with a failure', async () => {
  const server = await startScripted((_, response) => {
    response.writeHead(200, announced).write('some');
  });
  const got = await upstreamAt(server.url, { bodyTimeout: 200 }).getBlob(name, blobDigest, 0);
  const error: unknown = await buffer(bodyOf(got)).catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(UpstreamFailure);
  expect(error).toMatchObject({ kind: 'timeout', upstream: 'hub' });
});

test('a reader that pauses for longer than the timeout loses nothing, and nothing piles up before it', async () => {
  const big = Buffer.alloc(32_000_000, 'x');
  const server = await startScripted((_, response) => {
    reply(response, 200, {}, big);
  });
  const got = await upstreamAt(server.url, { bodyTimeout: 100 }).getBlob(name, blobDigest, 0);
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(bodyOf(got).readableLength).toBeLessThan(1_000_000);
  expect(await buffer(bodyOf(got))).toEqual(big);
});

const sending: Script = (_, response) => {
  response.writeHead(200, announced).write(Buffer.alloc(100_000));
};
const endless: Script = (_, response) => {
  response.writeHead(200);
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536)));
  };
  response.on('drain', more);
  more();
};

test.each([
  ['stalls', sending],
  ['never stops', endless],
])('destroying the body closes the connection to an upstream that %s', async (_, script) => {
  const server = await startScripted(script);
  const got = await upstreamAt(server.url).getBlob(name, blobDigest, 0);
  await once(bodyOf(got), 'data');
  expect(await server.open()).toBe(1);
  bodyOf(got).destroy();
  await vi.waitFor(async () => {
    expect(await server.open()).toBe(0);
  });
});

test('a signal that fires breaks the body off with its reason', async () => {
  const server = await startScripted(sending);
  const abort = new AbortController();
  const got = await upstreamAt(server.url).getBlob(name, blobDigest, 0, abort.signal);
  await once(bodyOf(got), 'data');
  const reason = new Error('enough');
  abort.abort(reason);
  await expect(buffer(bodyOf(got))).rejects.toBe(reason);
  await vi.waitFor(async () => {
    expect(await server.open()).toBe(0);
  });
});

test('closing the upstream breaks off what is still read', async () => {
  const server = await startScripted(sending);
  const upstream = upstreamAt(server.url);
  const got = await upstream.getBlob(name, blobDigest, 0);
  const ended = expect(buffer(bodyOf(got))).rejects.toBeInstanceOf(UpstreamFailure);
  await upstream.close();
  await ended;
});

test('questions do not wait behind downloads', async () => {
  const server = await startScripted((request, response) => {
    (request.method === 'HEAD' ? goodRegistry : sending)(request, response);
  });
  const upstream = upstreamAt(server.url);
  const downloads = Promise.allSettled(
    Array.from({ length: 40 }, () => upstream.getBlob(name, blobDigest, 0)),
  );
  await vi.waitFor(() => {
    expect(server.seen).toHaveLength(32);
  });
  expect(await upstream.headBlob(name, blobDigest)).toEqual({ size: blob.length });
  await upstream.close();
  await downloads;
});
