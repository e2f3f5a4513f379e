import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BringOver } from '../../gateway/external/bring-over.ts';
import { sinkOf, sourceOf } from '../../gateway/external/content.ts';
import {
  createDestination,
  createUpstream,
  parseManifest,
  parseName,
  UpstreamFailure,
} from '../../registry/index.ts';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { makeImage, type Image } from '../support/image.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { describeWith } from '../support/require-programs.ts';
import { createUpstream as createRegistry, type Upstream } from '../support/upstream.ts';

type Answer = (req: http.IncomingMessage, res: http.ServerResponse) => void;

/** A server that answers as it is told at the moment. */
interface Scripted {
  readonly url: string;
  answer: Answer;
  readonly seen: string[];
  readonly server: http.Server;
}

async function startScripted(): Promise<Scripted> {
  const seen: string[] = [];
  const scripted = {
    answer: (_, res) => void res.writeHead(404).end(),
    seen,
  } as { answer: Answer; seen: string[]; url: string; server: http.Server };
  scripted.server = http.createServer((req, res) => {
    seen.push(`${req.method ?? ''} ${req.url ?? ''}`);
    scripted.answer(req, res);
  });
  scripted.server.listen(0, '127.0.0.1');
  await once(scripted.server, 'listening');
  scripted.url = `http://127.0.0.1:${(scripted.server.address() as AddressInfo).port}`;
  return scripted;
}

/** Has an image's blobs; `spoil` may answer a GET in its own way and then says true. */
function having(
  { layers, config }: Image,
  spoil: (res: http.ServerResponse, bytes: Buffer) => boolean,
): Answer {
  return ({ method, url = '' }, res) => {
    const blob = [...layers, config].find(({ digest }) => url.endsWith(digest));
    if (!blob) return void res.writeHead(url === '/v2/' ? 200 : 404).end();
    if (method === 'GET' && spoil(res, blob.bytes)) return;
    res.writeHead(200, { 'content-length': blob.bytes.length });
    res.end(method === 'HEAD' ? undefined : blob.bytes);
  };
}

describeWith(['docker-registry'], 'what can go wrong while content is brought over', () => {
  let place: Place;
  let reader: Scripted;
  let writer: Scripted;
  let writers: Upstream;
  let gateway: LocalGateway;

  beforeAll(async () => {
    place = await createLoopback();
    [reader, writer, writers] = await Promise.all([startScripted(), startScripted(), createRegistry(place)]);
    gateway = await startLocalGateway(place, {
      hosts: {
        localhost: { read: reader.url, write: writers.url },
        'full.test': { read: reader.url, write: writer.url },
      },
      repositories: { 'docker-hosted': { type: 'hosted' } },
    });
  });
  beforeEach(() => {
    reader.seen.length = 0;
    writer.seen.length = 0;
  });
  afterAll(async () => {
    await gateway.stop();
    for (const { server } of [reader, writer]) {
      server.closeAllConnections();
      server.close();
    }
    await place.close();
  });

  let count = 0;
  /** Pushes the manifest of a new image of which `spoil` spoils the blobs. */
  const push = (
    spoil: (res: http.ServerResponse, bytes: Buffer) => boolean,
    { host = 'localhost', layers = [200_000] }: { host?: string; layers?: number[] } = {},
  ) => {
    const image = makeImage({ layers });
    const name = `team/app-${(count += 1)}`;
    reader.answer = having(image, spoil);
    const put = () =>
      gateway.ask(`/v2/${name}/manifests/1`, {
        method: 'PUT',
        headers: { host, 'content-type': image.manifest.mediaType },
        body: image.manifest.bytes,
      });
    const head = (digest: string) =>
      gateway.ask(`/v2/${name}/blobs/${digest}`, { method: 'HEAD', headers: { host } });
    return { image, name, put, head };
  };
  const read = (body: Buffer) =>
    (JSON.parse(body.toString()) as { errors: { code: string; message: string; detail?: unknown }[] })
      .errors[0];
  const isHeld = async (name: string, digest: string) =>
    (await gateway.ask(`${writers.url}/v2/${name}/blobs/${digest}`, { method: 'HEAD' })).status === 200;

  const spoils: Record<string, (res: http.ServerResponse, bytes: Buffer) => boolean> = {
    'other bytes': (res, bytes) => {
      const other = Buffer.from(bytes);
      other[10] = (other[10] ?? 0) ^ 1;
      res.writeHead(200, { 'content-length': other.length }).end(other);
      return true;
    },
    'the bytes of a blob without its end': (res, bytes) => {
      res.writeHead(200, { 'content-length': bytes.length });
      res.write(bytes.subarray(0, bytes.length / 2), () => res.destroy());
      return true;
    },
    'a login page': (res) => {
      res.writeHead(200, { 'content-type': 'text/html' }).end('<html>Please log in</html>');
      return true;
    },
    '401': (res) => {
      res.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    },
    'an error': (res) => {
      res.writeHead(500).end();
      return true;
    },
  };
  test.each(Object.entries(spoils))(
    '%s from the readers: nothing is kept, and the next push uploads',
    async (_, spoil) => {
      const { image, name, put, head } = push(spoil);
      const [layer] = image.layers;
      if (!layer) throw new Error('no layer');
      expect((await head(layer.digest)).status).toBe(200);
      const reply = await put();
      expect([reply.status, read(reply.body)]).toMatchObject([404, { code: 'MANIFEST_BLOB_UNKNOWN' }]);
      expect(read(reply.body)?.detail).toContainEqual({ digest: layer.digest });
      expect(reply.body.toString()).not.toContain('127.0.0.1');
      expect(await isHeld(name, layer.digest)).toBe(false);
      // Who was told that it is there, and pushed in vain, is told the truth the next time.
      expect((await head(layer.digest)).status).toBe(404);
    },
  );

  test('a limit of the readers is told as one, with the time to wait', async () => {
    const { put } = push((res) => {
      res.writeHead(429, { 'retry-after': '17' }).end();
      return true;
    });
    const reply = await put();
    expect([reply.status, reply.headers['retry-after'], read(reply.body)?.code]).toEqual([
      429,
      '17',
      'TOOMANYREQUESTS',
    ]);
  });

  test.each([
    [507, 'UNAVAILABLE', 507],
    [413, 'UNAVAILABLE', 507],
    [429, 'TOOMANYREQUESTS', 429],
    [500, 'MANIFEST_BLOB_UNKNOWN', 404],
  ])('a writer that answers an upload with %i', async (status, code, told) => {
    writer.answer = (req, res) => {
      req.resume();
      if (req.method === 'POST') res.writeHead(202, { location: '/v2/elsewhere/v2/x/blobs/uploads/1' }).end();
      else if (req.method === 'PUT')
        res.writeHead(status, { 'content-type': 'application/json' }).end('{"errors":[]}');
      else res.writeHead(404).end();
    };
    const { put } = push(() => false, { host: 'full.test' });
    const reply = await put();
    expect([reply.status, read(reply.body)?.code]).toEqual([told, code]);
    // The session is given back, and nothing of the push was sent on.
    expect(writer.seen.filter((each) => each.startsWith('DELETE'))).not.toEqual([]);
    expect(writer.seen.filter((each) => each.includes('/manifests/'))).toEqual([]);
  });

  test('a writer that lets nobody in is whom the client hears', async () => {
    writer.answer = (req, res) => {
      req.resume();
      res.writeHead(401, { 'www-authenticate': 'Basic realm="w"' }).end();
    };
    const { put } = push(() => false, { host: 'full.test' });
    const reply = await put();
    expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Basic realm="w"']);
  });

  test('a client that leaves ends the wait, and what is on its way arrives', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((go) => (release = go));
    const { image, name } = push(
      (res, bytes) => {
        res.writeHead(200, { 'content-length': bytes.length });
        res.write(bytes.subarray(0, 100_000));
        void held.then(() => res.end(bytes.subarray(100_000)));
        return true;
      },
      { layers: [300_000] },
    );
    const sent = https.request(new URL(`/v2/${name}/manifests/1`, gateway.url), {
      method: 'PUT',
      ...(gateway.ca !== undefined && { ca: gateway.ca }),
      headers: { 'content-type': image.manifest.mediaType },
    });
    sent.on('error', () => undefined).end(image.manifest.bytes);
    const [layer] = image.layers;
    const isAsked = () => reader.seen.includes(`GET /v2/${name}/blobs/${layer?.digest ?? ''}`);
    await expect.poll(isAsked, { timeout: 20_000 }).toBe(true);
    sent.destroy();
    const entry = () => gateway.entries.find(({ path }) => path === `/v2/${name}/manifests/1`);
    await expect.poll(entry, { timeout: 20_000 }).toMatchObject({ error: 'client gone' });
    release();
    await expect.poll(() => isHeld(name, layer?.digest ?? ''), { timeout: 20_000 }).toBe(true);
    const manifest = await gateway.ask(`${writers.url}/v2/${name}/manifests/1`);
    expect(manifest.status).toBe(404);
  });

  test('readers that stall end the transfer, and the upload that had begun', async () => {
    const image = makeImage({ layers: [300_000] });
    reader.answer = having(image, (res, bytes) => {
      if (bytes.length < 100_000) return false;
      res.writeHead(200, { 'content-length': bytes.length });
      res.write(bytes.subarray(0, 1000));
      return true;
    });
    const [from, to] = [reader, writers].map(({ url }) => ({ name: 'pair', url: new URL(url) }));
    if (!from || !to) throw new Error('no ends');
    const upstreams = [
      createUpstream({ ...from, urls: [from.url], bodyTimeout: 200 }),
      createUpstream({ ...to, urls: [to.url] }),
    ] as const;
    const destination = createDestination(to);
    const bringOver = new BringOver();
    const manifest = parseManifest(image.manifest.bytes, image.manifest.mediaType);
    const sink = sinkOf({ upstream: upstreams[1], destination, authorizer: undefined });
    const { signal } = new AbortController();
    const outcome = await bringOver.bring(
      parseName('team/stall'),
      manifest,
      sourceOf(upstreams[0]),
      sink,
      signal,
    );
    expect(outcome.failed.map(({ fault }) => fault)).toEqual([expect.any(UpstreamFailure)]);
    const ends = (await writers.requests()).filter(({ path }) => path.includes('team/stall/blobs/uploads/'));
    expect(ends.map(({ method }) => method).toSorted()).toEqual(['DELETE', 'POST', 'POST', 'PUT']);
    await Promise.all([...upstreams, destination].map((each) => each.close()));
  });
});
