import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import { parseName, type Digest } from '../../../registry/model/index.ts';
import { UpstreamFailure } from '../../../registry/upstream/index.ts';
import { digestOf, reply, type Script } from '../upstream/scripted.ts';
import { faultOf, proxy, readAll, readerOf, startEngine, tagged } from './engine.ts';
import { always, makeImage, sendBlob, startRegistry, unreachable } from './fake-registry.ts';

const app = parseName('team/app');
const other = parseName('team/other');
const size = 1_000_000;

/** A proxy of an upstream that has one blob under `team/app`. */
async function start() {
  const upstream = await startRegistry();
  const bytes = randomBytes(size);
  const digest = upstream.pushBlob('team/app', bytes);
  const engine = await startEngine({ hub: proxy(upstream.url) });
  const repository = engine.repository('hub');
  const open = async (name = app, of: Digest = digest) =>
    readerOf(await repository.openBlob(name, of, 'anywhere'));
  /** Answers GET of the blob so; everything else as usual. */
  const behave = (script: Script) => {
    upstream.behave((request, response) => {
      if (request.method !== 'GET' || !request.url?.includes('/blobs/')) return false;
      script(request, response);
      return true;
    });
  };
  const isHere = async (name = app) => (await repository.findBlob(name, digest, 'local')) !== undefined;
  const nothingStays = async () => {
    await vi.waitFor(async () => {
      expect(await engine.blobs.incoming.idleSince(Date.now() + 60_000)).toEqual([]);
    });
    expect(await engine.blobs.open(digest)).toBeUndefined();
    expect(await isHere()).toBe(false);
  };
  return { upstream, bytes, digest, engine, repository, open, behave, isHere, nothingStays };
}

/** Answers a download with its first half and then waits to be told how it goes on. */
function half(bytes: Buffer) {
  const waiting: ServerResponse[] = [];
  const script: Script = (_, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, bytes.length / 2));
    waiting.push(response);
  };
  const rest = () => {
    for (const response of waiting) response.end(bytes.subarray(bytes.length / 2));
  };
  return { script, waiting, rest };
}

describe('a blob', () => {
  test('is fetched once, kept, and then served from here', async () => {
    const { upstream, bytes, digest, repository, open, isHere } = await start();
    expect((await readAll(await open())).equals(bytes)).toBe(true);
    await vi.waitFor(async () => {
      expect(await isHere()).toBe(true);
    });
    expect((await readAll(await open())).equals(bytes)).toBe(true);
    expect(await repository.findBlob(app, digest, 'anywhere')).toMatchObject({ size, member: 'hub' });
    expect(upstream.asked).toEqual([`GET /v2/team/app/blobs/${digest}`]);
  });

  test('is asked about by HEAD without being fetched', async () => {
    const { upstream, digest, repository } = await start();
    expect(await repository.findBlob(app, digest, 'anywhere')).toEqual({
      size,
      member: 'hub',
      from: 'upstream',
      age: 0,
    });
    expect(upstream.asked).toEqual([`HEAD /v2/team/app/blobs/${digest}`]);
  });

  test('that is asked for locally contacts nobody (T3)', async () => {
    const { upstream, digest, repository } = await start();
    expect(await repository.findBlob(app, digest, 'local')).toBeUndefined();
    expect(await repository.openBlob(app, digest, 'local')).toBeUndefined();
    expect(upstream.asked).toEqual([]);
  });

  test('that the upstream does not have is undefined, for all who ask at the same time', async () => {
    const { upstream, repository, nothingStays } = await start();
    const { digest } = makeImage();
    expect(await repository.findBlob(app, digest, 'anywhere')).toBeUndefined();
    const opened = Array.from({ length: 20 }, () => repository.openBlob(app, digest, 'anywhere'));
    expect(await Promise.all(opened)).toEqual(opened.map(() => undefined));
    expect(upstream.count('GET')).toBe(1);
    await nothingStays();
  });

  test('of no bytes', async () => {
    const { upstream, open } = await start();
    const digest = upstream.pushBlob('team/app', Buffer.alloc(0));
    expect(await readAll(await open(app, digest))).toHaveLength(0);
  });

  test('of one byte', async () => {
    const { upstream, open } = await start();
    const digest = upstream.pushBlob('team/app', Buffer.from('x'));
    expect((await readAll(await open(app, digest))).toString()).toBe('x');
  });
});

describe('twenty readers of one blob', () => {
  test('at the same time cause one download', async () => {
    const { upstream, bytes, open } = await start();
    const all = await Promise.all(Array.from({ length: 20 }, async () => readAll(await open())));
    for (const each of all) expect(each.equals(bytes)).toBe(true);
    expect(upstream.asked).toHaveLength(1);
  });

  test('some of whom come in the middle get the beginning at once', async () => {
    const { upstream, bytes, open, behave } = await start();
    const { script, waiting, rest } = half(bytes);
    behave(script);
    const early = await open();
    const piece = Buffer.alloc(1000);
    expect(await early.read(piece, 0)).toBe(1000);
    expect(piece.equals(bytes.subarray(0, 1000))).toBe(true);
    expect(early.size).toBe(size);
    const late = await open();
    expect(await late.read(piece, 5000)).toBe(1000);
    expect(piece.equals(bytes.subarray(5000, 6000))).toBe(true);
    expect(waiting).toHaveLength(1);
    rest();
    expect((await readAll(early)).equals(bytes)).toBe(true);
    expect((await readAll(late)).equals(bytes)).toBe(true);
    expect(upstream.asked).toHaveLength(1);
  });

  test('all of whom leave do not end the download', async () => {
    const { upstream, bytes, open, behave, isHere } = await start();
    const { script, rest } = half(bytes);
    behave(script);
    const readers = await Promise.all([open(), open()]);
    await readers[0].read(Buffer.alloc(10), 0);
    for (const reader of readers) await reader.close();
    expect(await isHere()).toBe(false);
    rest();
    await vi.waitFor(async () => {
      expect(await isHere()).toBe(true);
    });
    expect((await readAll(await open())).equals(bytes)).toBe(true);
    expect(upstream.count('GET')).toBe(1);
  });
});

describe('wrong bytes', () => {
  test('are never given whole, nor kept', async () => {
    const { upstream, bytes, open, behave, engine, nothingStays } = await start();
    const wrong = Buffer.from(bytes);
    wrong[10] = (wrong[10] ?? 0) ^ 1;
    behave((_, response) => {
      reply(response, 200, {}, wrong);
    });
    const reader = await open();
    let given = 0;
    const piece = Buffer.alloc(size);
    const fault = await faultOf(
      (async () => {
        for (let reads = 0; reads < 10_000 && given < size; reads += 1)
          given += await reader.read(piece, given);
      })(),
    );
    await reader.close();
    expect(given).toBeLessThan(size);
    expect(fault).toBeInstanceOf(UpstreamFailure);
    expect(fault).toMatchObject({ kind: 'bad-answer', upstream: 'hub' });
    await nothingStays();
    expect(engine.faults).toEqual([fault]);
    upstream.behave(undefined);
    expect((await readAll(await open())).equals(bytes)).toBe(true);
  });

  test('that are fewer than was said are never given as all, nor kept', async () => {
    const { bytes, open, behave, nothingStays } = await start();
    behave((_, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      response.end(bytes.subarray(0, 1000));
    });
    expect(await faultOf(open().then(readAll))).toMatchObject({ kind: 'unreachable' });
    await nothingStays();
  });
});

describe('a connection that breaks', () => {
  interface Breaking {
    /** How often it breaks before `answer` is given. */
    readonly times: number;
    readonly answer?: Script;
    /** How many bytes come each time. */
    readonly piece?: number;
    /** How large the blob is said to be while it breaks. */
    readonly said?: number;
  }

  /** Sends a part and breaks; `ranges` says which ranges were asked for. */
  function breaking(bytes: Buffer, { times, answer, piece = 100_000, said = size }: Breaking) {
    const ranges: (string | undefined)[] = [];
    const script: Script = (request, response) => {
      const from = Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0);
      ranges.push(request.headers.range);
      if (ranges.length > times) {
        if (answer) answer(request, response);
        else sendBlob(bytes, request.headers.range, response);
        return;
      }
      const part = {
        'content-length': said - from,
        'content-range': `bytes ${from}-${said - 1}/${said}`,
      };
      response.writeHead(from > 0 ? 206 : 200, part);
      response.write(bytes.subarray(from, from + piece), () => setTimeout(() => response.destroy(), 20));
    };
    return { script, ranges };
  }

  test('is taken up again where it broke', async () => {
    const { bytes, open, behave, isHere } = await start();
    const { script, ranges } = breaking(bytes, { times: 3 });
    behave(script);
    expect((await readAll(await open())).equals(bytes)).toBe(true);
    expect(ranges).toHaveLength(4);
    expect(ranges[0]).toBeUndefined();
    const from = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range ?? 'bytes=0-')?.[1]));
    // What a breaking connection had still on its way may be lost, but never what was stored.
    expect(from.every((each, at) => each >= (from[at - 1] ?? 0) && each <= 100_000 * (at + 1))).toBe(true);
    await vi.waitFor(async () => {
      expect(await isHere()).toBe(true);
    });
  });

  test('is made up for by an upstream that can only start over', async () => {
    const { bytes, open, behave } = await start();
    const { script, ranges } = breaking(bytes, {
      times: 1,
      answer: (_, response) => {
        reply(response, 200, {}, bytes);
      },
    });
    behave(script);
    expect((await readAll(await open())).equals(bytes)).toBe(true);
    expect(ranges).toHaveLength(2);
  });

  test('and then goes on with the right bytes, but another size than was said, fails for who was told', async () => {
    const { bytes, open, behave, nothingStays } = await start();
    behave(breaking(bytes, { times: 1, said: size + 5 }).script);
    const reader = await open();
    expect(reader.size).toBe(size + 5);
    expect(await faultOf(readAll(reader))).toMatchObject({ kind: 'bad-answer' });
    await nothingStays();
  });

  test('again and again is given up', async () => {
    const { upstream, open, behave, bytes, nothingStays } = await start();
    behave(breaking(bytes, { times: 1000, piece: 10_000 }).script);
    expect(await faultOf(open().then(readAll))).toMatchObject({ kind: 'unreachable' });
    expect(upstream.count('GET')).toBeLessThan(20);
    await nothingStays();
  });

  test('before anything came is given up at once', async () => {
    const { upstream, open, behave, nothingStays } = await start();
    behave(unreachable);
    expect(await faultOf(open())).toMatchObject({ kind: 'unreachable' });
    expect(upstream.count('GET')).toBeLessThan(4);
    await nothingStays();
  });

  test.each([
    ['is gone', always(404)],
    [
      'has another size',
      (...[, response]: Parameters<Script>) => {
        response.writeHead(206, {
          'content-range': `bytes 100000-${size}/${size + 1}`,
          'content-length': size + 1 - 100_000,
        });
        response.end(Buffer.alloc(size + 1 - 100_000));
      },
    ],
    ['is refused', always(403)],
  ] as const)('and then the blob %s: that is a failure and not an end', async (_, answer) => {
    const { bytes, open, behave, nothingStays } = await start();
    behave(breaking(bytes, { times: 1, answer }).script);
    expect(await faultOf(open().then(readAll))).toBeInstanceOf(UpstreamFailure);
    await nothingStays();
  });
});

describe('an upstream that does not say how large a blob is', () => {
  const unsaid =
    (bytes: Buffer): Script =>
    (request, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' });
      if (request.method === 'HEAD') response.end();
      else {
        response.write(bytes.subarray(0, 10));
        response.end(bytes.subarray(10));
      }
    };

  test('is read to the end first', async () => {
    const { upstream, bytes, open, behave } = await start();
    behave(unsaid(bytes));
    const readers = await Promise.all([open(), open(), open()]);
    for (const reader of readers) {
      expect(reader.size).toBe(size);
      expect((await readAll(reader)).equals(bytes)).toBe(true);
    }
    expect(upstream.count('GET')).toBe(1);
  });

  test('has it nevertheless', async () => {
    const { upstream, bytes, digest, repository } = await start();
    const script = unsaid(bytes);
    upstream.behave((...both) => {
      script(...both);
      return true;
    });
    expect(await repository.findBlob(app, digest, 'anywhere')).toMatchObject({ size });
    expect(await repository.findBlob(app, digest, 'anywhere')).toMatchObject({ size });
    expect(upstream.count('GET')).toBe(1);
  });
});

describe('a blob that another name brought here', () => {
  /** `team/app` has brought its layer here. */
  async function brought() {
    const made = await start();
    const image = makeImage();
    made.upstream.push('team/app', 'latest', image);
    const layer = image.blobs[1] ?? Buffer.alloc(0);
    await readAll(await made.open(app, digestOf(layer)));
    await vi.waitFor(async () => {
      expect(await made.repository.findBlob(app, digestOf(layer), 'local')).toBeDefined();
    });
    return { ...made, image, layer };
  }

  test('is not fetched again for a name that references it', async () => {
    const { upstream, image, layer, repository, open } = await brought();
    upstream.push('team/other', 'latest', image);
    await repository.findManifest(other, tagged('latest'), 'anywhere');
    const before = upstream.asked.length;
    expect((await readAll(await open(other, digestOf(layer)))).equals(layer)).toBe(true);
    expect(upstream.asked.slice(before).filter((line) => line.startsWith('GET'))).toEqual([]);
    expect(await repository.findBlob(other, digestOf(layer), 'local')).toMatchObject({ size: layer.length });
  });

  test('is not served to a name whose manifest references what its upstream does not have under it', async () => {
    const { upstream, image, layer, repository } = await brought();
    upstream.push('team/other', 'latest', image);
    upstream.behave((request, response) => {
      if (!request.url?.includes('/team/other/blobs/')) return false;
      response.writeHead(404).end();
      return true;
    });
    await repository.findManifest(other, tagged('latest'), 'anywhere');
    expect(await repository.findBlob(other, digestOf(layer), 'local')).toBeUndefined();
    expect(await repository.openBlob(other, digestOf(layer), 'anywhere')).toBeUndefined();
  });

  test('is not served to a name that does not (T11)', async () => {
    const { layer, repository } = await brought();
    expect(await repository.findBlob(other, digestOf(layer), 'local')).toBeUndefined();
    expect(await repository.findBlob(other, digestOf(layer), 'anywhere')).toBeUndefined();
    expect(await repository.openBlob(other, digestOf(layer), 'anywhere')).toBeUndefined();
  });

  test('is not served while it is brought to a name that does not have it (T11)', async () => {
    const { upstream, bytes, digest, repository, open, behave } = await start();
    const { script, rest } = half(bytes);
    behave(script);
    const reader = await open();
    expect(await repository.openBlob(other, digest, 'anywhere')).toBeUndefined();
    upstream.pushBlob('team/other', bytes);
    const joined = await open(other);
    rest();
    expect((await readAll(joined)).equals(bytes)).toBe(true);
    await readAll(reader);
    expect(upstream.count('GET')).toBe(1);
  });

  test('is found for one name although the other turns out not to have it', async () => {
    const { upstream, bytes, digest, repository, open, behave } = await start();
    upstream.pushBlob('team/other', bytes);
    const waiting: ServerResponse[] = [];
    behave((request, response) => {
      if (request.url?.startsWith('/v2/team/app/')) waiting.push(response);
      else sendBlob(bytes, request.headers.range, response);
    });
    const first = repository.openBlob(app, digest, 'anywhere');
    await vi.waitFor(() => {
      expect(waiting).toHaveLength(1);
    });
    const second = open(other);
    await vi.waitFor(() => {
      expect(upstream.count('HEAD /v2/team/other/')).toBe(1);
    });
    for (const response of waiting) reply(response, 404);
    expect(await first).toBeUndefined();
    expect((await readAll(await second)).equals(bytes)).toBe(true);
  });
});

test('closing ends downloads, and their readers are told', async () => {
  const { engine, bytes, open, behave } = await start();
  const { script, waiting } = half(bytes);
  behave(script);
  const reader = await open();
  const closed = Promise.all(waiting.map((response) => once(response, 'close')));
  expect(waiting).toHaveLength(1);
  const reading = faultOf(readAll(reader));
  await engine.repositories.close();
  expect(String(await reading)).toContain('closing');
  await closed;
});
