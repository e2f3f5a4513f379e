import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { parseName, type Digest } from '../../../registry/model/index.ts';
import { UpstreamFailure } from '../../../registry/upstream/index.ts';
import { digestOf, type Script } from '../upstream/scripted.ts';
import { faultOf, proxy, readAll, readerOf, startEngine, tagged, type Engine } from './engine.ts';
import { makeImage, sendBlob, startRegistry, type FakeRegistry } from './fake-registry.ts';

const app = parseName('team/app');
const other = parseName('team/other');
const size = 300_000;

interface Pair {
  readonly upstream: FakeRegistry;
  readonly bytes: Buffer;
  readonly digest: Digest;
  /** Two processes on one data folder, as far as they can be told apart. */
  readonly engines: readonly [Engine, Engine];
}

async function startPair(): Promise<Pair> {
  const upstream = await startRegistry();
  const bytes = randomBytes(size);
  const digest = upstream.pushBlob('team/app', bytes);
  const settings = { hub: proxy(upstream.url) };
  const first = await startEngine(settings);
  return { upstream, bytes, digest, engines: [first, await startEngine(settings, first)] };
}

const read = async (engine: Engine, digest: Digest, name = app): Promise<Buffer> =>
  readAll(readerOf(await engine.repository('hub').openBlob(name, digest, 'anywhere')));

/** Sends the first half, then waits until it is told to go on; of what is resumed it sends everything. */
function halfway(bytes: Buffer): { script: (...of: Parameters<Script>) => boolean; rest: () => void } {
  let rest: () => void = () => undefined;
  const script = (...[request, response]: Parameters<Script>): boolean => {
    if (request.method !== 'GET' || request.headers.range !== undefined) return false;
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2));
    rest = () => response.end(bytes.subarray(bytes.length / 2));
    return true;
  };
  return {
    script,
    rest: () => {
      rest();
    },
  };
}

async function nothingStays({ blobs, metadata }: Engine, digest: Digest): Promise<void> {
  await vi.waitFor(async () => {
    expect(await blobs.incoming.idleSince(Date.now() + 60_000)).toEqual([]);
  });
  expect(await metadata.downloads.find(digest)).toSatisfy(
    (row: { outcome?: string } | undefined) => row === undefined || row.outcome !== undefined,
  );
}

describe('two processes on one data folder', () => {
  test('fetch a blob once, however many clients each has', async () => {
    const { upstream, bytes, digest, engines } = await startPair();
    const all = Array.from({ length: 40 }, (_, at) => read(engines[at % 2 === 0 ? 0 : 1], digest));
    for (const each of await Promise.all(all)) expect(each.equals(bytes)).toBe(true);
    expect(upstream.asked).toEqual([`GET /v2/team/app/blobs/${digest}`]);
    await nothingStays(engines[0], digest);
    for (const engine of engines)
      expect(await engine.repository('hub').findBlob(app, digest, 'local')).toMatchObject({ size });
  });

  test('give what is here before the rest has come', async () => {
    const { upstream, bytes, digest, engines } = await startPair();
    const { script, rest } = halfway(bytes);
    upstream.behave(script);
    const [one, two] = await Promise.all(
      engines.map(async (each) => readerOf(await each.repository('hub').openBlob(app, digest, 'anywhere'))),
    );
    const piece = Buffer.alloc(1000);
    for (const reader of [one, two]) {
      expect(reader?.size).toBe(size);
      expect(await reader?.read(piece, 5000)).toBe(1000);
      expect(piece.equals(bytes.subarray(5000, 6000))).toBe(true);
    }
    rest();
    for (const reader of [one, two]) expect((await readAll(reader)).equals(bytes)).toBe(true);
    expect(upstream.count('GET')).toBe(1);
  });

  test('go on where the one that fetches has stopped', async () => {
    const { upstream, bytes, digest, engines } = await startPair();
    const { script } = halfway(bytes);
    upstream.behave(script);
    const [one] = engines;
    const reader = readerOf(await one.repository('hub').openBlob(app, digest, 'anywhere'));
    const second = read(engines[1], digest);
    await reader.read(Buffer.alloc(1000), size / 2 - 1000);
    await one.repositories.close();
    expect((await second).equals(bytes)).toBe(true);
    expect(upstream.count('GET')).toBe(2);
    await reader.close();
  });

  test('take a download over from one that was killed', async () => {
    const { upstream, bytes, digest, engines } = await startPair();
    const [{ metadata, blobs }] = engines;
    const place = { repository: 'hub', name: app };
    await metadata.downloads.join(digest, { id: 'left', by: 'killed', until: Date.now() - 1, place });
    await metadata.downloads.announce(digest, 'killed', size);
    await blobs.incoming.create('left');
    await blobs.incoming.append('left', Readable.from([bytes.subarray(0, 100_000)]), { algorithm: 'sha256' });
    const ranges: (string | undefined)[] = [];
    upstream.behave((request, response) => {
      ranges.push(request.headers.range);
      sendBlob(bytes, request.headers.range, response);
      return true;
    });
    expect((await read(engines[0], digest)).equals(bytes)).toBe(true);
    expect(ranges).toEqual(['bytes=100000-']);
    await nothingStays(engines[0], digest);
  });

  test('are both told of wrong bytes, and keep none', async () => {
    const { upstream, bytes, digest, engines } = await startPair();
    const wrong = Buffer.from(bytes);
    wrong[10] = (wrong[10] ?? 0) ^ 1;
    const { script, rest } = halfway(wrong);
    upstream.behave(script);
    const readers = await Promise.all(
      engines.map(async (each) => readerOf(await each.repository('hub').openBlob(app, digest, 'anywhere'))),
    );
    const faults = readers.map((reader) => faultOf(readAll(reader)));
    rest();
    for (const fault of await Promise.all(faults)) {
      expect(fault).toBeInstanceOf(UpstreamFailure);
      expect(fault).toMatchObject({ kind: 'bad-answer', upstream: 'hub' });
    }
    expect(engines.map((each) => each.repositories.proxies.get('hub')?.fills().wrongDigests)).toContain(1);
    await nothingStays(engines[0], digest);
    upstream.behave(undefined);
    for (const engine of engines) expect((await read(engine, digest)).equals(bytes)).toBe(true);
  });

  test('are both told that there is no such blob', async () => {
    const { upstream, engines } = await startPair();
    const { digest } = makeImage();
    const opened = engines.map((each) => each.repository('hub').openBlob(app, digest, 'anywhere'));
    expect(await Promise.all(opened)).toEqual([undefined, undefined]);
    expect(upstream.count('GET')).toBeLessThanOrEqual(2);
    await nothingStays(engines[0], digest);
  });

  test('do not give under a name what came for another that alone has it (T11)', async () => {
    const { upstream, bytes, digest, engines } = await startPair();
    const { script, rest } = halfway(bytes);
    upstream.behave((request, response) =>
      request.url?.includes(app) === true ? script(request, response) : false,
    );
    const reader = readerOf(await engines[0].repository('hub').openBlob(app, digest, 'anywhere'));
    expect(await engines[1].repository('hub').openBlob(other, digest, 'anywhere')).toBeUndefined();
    rest();
    expect((await readAll(reader)).equals(bytes)).toBe(true);
    expect(await engines[1].repository('hub').findBlob(other, digest, 'local')).toBeUndefined();
  });

  test('fetch a manifest once', async () => {
    const upstream = await startRegistry();
    const image = makeImage();
    upstream.push('team/app', '1.0', image);
    const settings = { hub: proxy(upstream.url) };
    const first = await startEngine(settings);
    const engines = [first, await startEngine(settings, first)] as const;
    const all = Array.from({ length: 20 }, (_, at) =>
      engines[at % 2 === 0 ? 0 : 1].repository('hub').findManifest(app, tagged('1.0'), 'anywhere'),
    );
    for (const each of await Promise.all(all)) expect(each).toMatchObject({ digest: image.digest });
    expect(upstream.asked).toEqual(['GET /v2/team/app/manifests/1.0']);
  });
});

describe('a blob whose size the upstream does not say', () => {
  /** A proxy that has the manifest of an image, and so has read the size of its layer. */
  async function startWithManifest(): Promise<{ upstream: FakeRegistry; engine: Engine; layer: Buffer }> {
    const upstream = await startRegistry();
    const image = makeImage(200_000);
    upstream.push('team/app', '1.0', image);
    const engine = await startEngine({ hub: proxy(upstream.url) });
    await engine.repository('hub').findManifest(app, tagged('1.0'), 'anywhere');
    const [, layer = Buffer.alloc(0)] = image.blobs;
    return { upstream, engine, layer };
  }

  test('has the size that its manifest says', async () => {
    const { upstream, engine, layer } = await startWithManifest();
    let rest: () => void = () => undefined;
    upstream.behave((_, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      response.write(layer.subarray(0, 100_000));
      rest = () => response.end(layer.subarray(100_000));
      return true;
    });
    const reader = readerOf(await engine.repository('hub').openBlob(app, digestOf(layer), 'anywhere'));
    expect(reader.size).toBe(layer.length);
    rest();
    expect((await readAll(reader)).equals(layer)).toBe(true);
  });

  test('is cut when it has no end', async () => {
    const { upstream, engine, layer } = await startWithManifest();
    let sent = 0;
    upstream.behave((_, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      const more = (): void => {
        if (response.destroyed || sent > 50_000_000) return;
        sent += 100_000;
        response.write(Buffer.alloc(100_000), more);
      };
      more();
      return true;
    });
    const opened = engine.repository('hub').openBlob(app, digestOf(layer), 'anywhere');
    expect(await faultOf(opened.then((each) => readAll(readerOf(each))))).toMatchObject({
      kind: 'bad-answer',
    });
    expect(sent).toBeLessThan(50_000_000);
    await nothingStays(engine, digestOf(layer));
  });
});
