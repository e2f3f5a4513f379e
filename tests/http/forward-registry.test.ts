import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBackend, startFront, send } from '../support/forwarding.ts';
import { digestOf } from '../support/image.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

describeWith(['docker-registry', 'openssl'], "Debian's docker-registry behind it", () => {
  let place: Place;
  let registry: Upstream;
  let token: Upstream;
  const account = { user: 'reader', password: 'correct horse' };

  beforeAll(async () => {
    place = await createLoopback();
    registry = await createUpstream(place);
    token = await createUpstream(place, { auth: { type: 'token', account } });
  });
  afterAll(async () => {
    await place.close();
  });

  test('takes a push and gives it back', async () => {
    const { port } = await startFront(new URL(registry.url));
    const front = { place, url: `http://127.0.0.1:${port}` };
    const image = await seedImage(front, 'team/app', '1.0', { layers: [100_000, 3_000_000] });
    const manifest = await send(port, '/v2/team/app/manifests/1.0', {
      headers: { accept: image.manifest.mediaType },
    });
    expect(manifest).toMatchObject({
      status: 200,
      text: image.manifest.bytes.toString(),
      headers: { 'docker-content-digest': image.manifest.digest, 'content-type': image.manifest.mediaType },
    });
    for (const { digest } of image.layers) {
      const [reply] = (await once(
        http.get({ port, path: `/v2/team/app/blobs/${digest}`, agent: false }),
        'response',
      )) as [http.IncomingMessage];
      expect(digestOf(await buffer(reply))).toBe(digest);
    }
    const range = await send(port, `/v2/team/app/blobs/${image.config.digest}`, {
      headers: { range: 'bytes=3-7' },
    });
    expect(range).toMatchObject({ status: 206, text: image.config.bytes.subarray(3, 8).toString() });
  });

  test('takes a layer in chunks without a length, as docker sends it', async () => {
    const { port } = await startFront(new URL(registry.url));
    const start = await send(port, '/v2/team/chunked/blobs/uploads/', { method: 'POST' });
    expect(start.status).toBe(202);
    expect(start.headers.location).toMatch(/^\/v2\/team\/chunked\/blobs\/uploads\//);
    const bytes = randomBytes(2_000_000);
    const patch = http.request({ port, method: 'PATCH', path: start.headers.location, agent: false });
    const answered = once(patch, 'response') as Promise<[http.IncomingMessage]>;
    await pipeline(Readable.from([bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)]), patch);
    const [appended] = await answered;
    expect([appended.statusCode, appended.headers.range]).toEqual([202, '0-1999999']);
    const finish = `${appended.headers.location ?? ''}&digest=${digestOf(bytes)}`;
    expect(await send(port, finish, { method: 'PUT' })).toMatchObject({ status: 201 });
  });

  test('is told the public address, and builds its Location from it', async () => {
    const { port } = await startFront(new URL(registry.url), { rewriteLocations: false });
    const { headers } = await send(port, '/v2/team/app/blobs/uploads/', { method: 'POST' });
    // What it believes its address to be: the public one, from Host and X-Forwarded-*.
    expect(headers.location).toMatch(/^https:\/\/old\.example\/v2\/team\/app\/blobs\/uploads\//);
  });

  test('does its own login', async () => {
    const { port } = await startFront(new URL(token.url));
    const refused = await send(port, '/v2/', {});
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toMatch(
      /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/token",service="upstream"/,
    );
    const authorization = await token.authorization?.('team/app');
    expect(await send(port, '/v2/', { headers: { authorization } })).toMatchObject({
      status: 200,
      text: '{}',
    });
  });
});

describe('a large body', () => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  const chunks = 4096; // 256 MiB
  // Linux lets the buffers of two connections grow to some 72 MiB; a forwarder that keeps a body itself keeps three
  // quarters of this one.
  const most = 96 * 1024 * 1024;

  /** Bytes on their way from a quick writer to a slow reader; `peak` is the most there were at once. */
  class Flow {
    #written = 0;
    size = 0;
    peak = 0;

    async *write(): AsyncGenerator<Buffer> {
      for (let count = 0; count < chunks; count += 1) {
        this.#written += chunk.length;
        yield chunk;
        await turn();
      }
    }

    async read(from: Readable): Promise<void> {
      for await (const part of from as AsyncIterable<Buffer>) {
        this.size += part.length;
        this.peak = Math.max(this.peak, this.#written - this.size);
        for (let count = 0; count < 4; count += 1) await turn();
      }
    }
  }

  test('streams down no faster than the client reads', async () => {
    const flow = new Flow();
    const backend = await startBackend((_, res) => {
      pipeline(flow.write(), res).catch(() => undefined);
    });
    const { port } = await startFront(backend.address);
    const asked = http.get({ port, agent: false });
    const [reply] = (await once(asked, 'response')) as [http.IncomingMessage];
    await flow.read(reply);
    expect(flow.size).toBe(chunk.length * chunks);
    expect(flow.peak).toBeLessThan(most);
  });

  test('streams up no faster than the backend reads', async () => {
    const flow = new Flow();
    const backend = await startBackend((req, res) => {
      void flow.read(req).then(() => res.end());
    });
    const { port } = await startFront(backend.address);
    const sent = http.request({ port, method: 'PUT', agent: false });
    const answered = once(sent, 'response');
    await pipeline(flow.write(), sent);
    await answered;
    expect(flow.size).toBe(chunk.length * chunks);
    expect(flow.peak).toBeLessThan(most);
  });
});
