import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, test, vi } from 'vitest';
import {
  mediaTypes,
  parseName,
  parseTag,
  type Digest,
  type Platforms,
  type Reference,
} from '../../../registry/model/index.ts';
import type { ReadableRepository } from '../../../registry/repositories/index.ts';
import type { PrefetchEvent } from '../../../registry/repositories/prefetch-event.ts';
import { prefetch } from '../../../registry/repositories/prefetch.ts';
import { digestOf, reply } from '../upstream/scripted.ts';
import { faultOf, group, hosted, proxy, startEngine, tagged } from './engine.ts';
import {
  makeImage,
  sendBlob,
  startRegistry,
  unreachable,
  type FakeImage,
  type FakeRegistry,
} from './fake-registry.ts';

const app = parseName('team/app');

interface Entry {
  readonly image: { readonly digest: Digest };
  readonly platform?: string;
  readonly mediaType?: string;
}

/** An index over images with platforms such as `linux/arm/v7`. */
function makeIndex(entries: readonly Entry[]): FakeImage {
  const manifests = entries.map(({ image, platform, mediaType = mediaTypes.ociManifest }) => {
    const [os, architecture, variant] = platform?.split('/') ?? [];
    const described = { os, architecture, ...(variant !== undefined && { variant }) };
    return {
      mediaType,
      digest: image.digest,
      size: 1,
      ...(platform !== undefined && { platform: described }),
    };
  });
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  return { bytes, digest: digestOf(bytes), blobs: [] };
}

/** Gives an upstream indexes, which it sends as what they are. */
function indexesOf(upstream: FakeRegistry): (reference: string, index: FakeImage) => void {
  const indexes = new Map<string, FakeImage>();
  upstream.behave((request, response) => {
    const index = indexes.get(request.url ?? '');
    if (index) reply(response, 200, { 'content-type': mediaTypes.ociIndex }, index.bytes);
    return index !== undefined;
  });
  return (reference, index) => {
    for (const each of [reference, index.digest]) indexes.set(`/v2/team/app/manifests/${each}`, index);
  };
}

/** A proxy of an upstream, counting how many readers are open and how many ever were at once. */
async function start() {
  const upstream = await startRegistry();
  const engine = await startEngine({
    own: hosted(),
    hub: proxy(upstream.url),
    all: group('own', 'hub'),
  });
  const readers = { open: 0, most: 0 };
  const repository = counted(engine.repository('hub'), readers);
  const run = (
    references: readonly Reference[] = [tagged('latest')],
    platforms: Platforms = 'all',
    signal = new AbortController().signal,
    of = repository,
  ) =>
    prefetch(
      of,
      references.map((reference) => ({ name: app, reference })),
      { platforms, signal },
    );
  const isHeld = async ({ blobs, digest }: FakeImage): Promise<boolean[]> => {
    const there = await repository.findManifest(app, { digest }, 'local');
    const found = await Promise.all(blobs.map((each) => repository.findBlob(app, digestOf(each), 'local')));
    return [there, ...found].map((each) => each !== undefined);
  };
  return { upstream, engine, repository, readers, run, isHeld };
}

function counted(inner: ReadableRepository, readers: { open: number; most: number }): ReadableRepository {
  return new Proxy(inner, {
    get(target, key) {
      if (key !== 'openBlob') {
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? (value.bind(target) as unknown) : value;
      }
      return async (...of: Parameters<ReadableRepository['openBlob']>) => {
        const opened = await target.openBlob(...of);
        if (!opened) return undefined;
        readers.open += 1;
        readers.most = Math.max(readers.most, readers.open);
        const { reader } = opened;
        const close = async (): Promise<void> => {
          readers.open -= 1;
          await reader.close();
        };
        return {
          ...opened,
          reader: { size: reader.size, read: reader.read.bind(reader), close },
        };
      };
    },
  });
}

async function collect(events: AsyncIterable<PrefetchEvent>): Promise<PrefetchEvent[]> {
  const all: PrefetchEvent[] = [];
  for await (const event of events) if (event.kind !== 'progress') all.push(event);
  return all;
}

const whole = [true, true, true];
const nothing = [false, false, false];

describe('an image', () => {
  test('is here whole afterwards, and each part is told of', async () => {
    const { upstream, run, isHeld, readers } = await start();
    const image = makeImage(300_000);
    upstream.push('team/app', 'latest', image);
    const events = await collect(run());
    expect(await isHeld(image)).toEqual(whole);
    const of = { image: 'team/app:latest', held: false };
    expect(events[0]).toEqual({ ...of, kind: 'manifest', digest: image.digest, size: image.bytes.length });
    expect(events.slice(1, 3)).toEqual(
      expect.arrayContaining(
        image.blobs.map((bytes) => ({ ...of, kind: 'blob', digest: digestOf(bytes), size: bytes.length })),
      ),
    );
    expect(events.slice(3)).toEqual([
      { image: 'team/app:latest', kind: 'done', blobs: 2, bytes: 300_020, held: 0 },
    ]);
    expect(readers.open).toBe(0);
  });

  test('that is here costs no download of anything', async () => {
    const { upstream, run } = await start();
    upstream.push('team/app', 'latest', makeImage());
    await collect(run());
    const before = upstream.asked.length;
    const events = await collect(run());
    expect(events.filter((each) => 'held' in each && each.held === false)).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: 'done', blobs: 0, bytes: 0, held: 2 });
    expect(upstream.asked.slice(before).filter((line) => line.startsWith('GET'))).toEqual([]);
  });

  test('that changed is fetched anew, but not the layers that stayed', async () => {
    const { upstream, run, isHeld, engine } = await start();
    const image = makeImage();
    upstream.push('team/app', 'latest', image);
    await collect(run());
    const changed = { ...image, bytes: Buffer.concat([image.bytes, Buffer.from(' ')]) };
    upstream.push('team/app', 'latest', { ...changed, digest: digestOf(changed.bytes) });
    await engine.metadata.images.deleteTag({ repository: 'hub', name: app }, parseTag('latest'));
    const events = await collect(run());
    expect(events[0]).toMatchObject({ kind: 'manifest', held: false, digest: digestOf(changed.bytes) });
    expect(events.at(-1)).toMatchObject({ kind: 'done', blobs: 0, held: 2 });
    expect(await isHeld(image)).toEqual(whole);
  });

  test('by digest is called so', async () => {
    const { upstream, run } = await start();
    const image = makeImage();
    upstream.push('team/app', 'latest', image);
    const events = await collect(run([{ digest: image.digest }]));
    expect(events.at(-1)).toMatchObject({ kind: 'done', image: `team/app@${image.digest}` });
  });

  test('comes through a group too, to the member that has it', async () => {
    const { upstream, run, engine, isHeld } = await start();
    const image = makeImage();
    upstream.push('team/app', 'latest', image);
    const events = await collect(run(undefined, 'all', undefined, engine.repository('all')));
    expect(events.at(-1)).toMatchObject({ kind: 'done', blobs: 2 });
    expect(await isHeld(image)).toEqual(whole);
  });

  test('of many layers is read three at a time', async () => {
    const { upstream, run, readers, engine } = await start();
    const layers = Array.from({ length: 12 }, () => randomBytes(1000));
    const image = makeImage(10, {
      layers: layers.map((bytes) => ({ digest: digestOf(bytes), size: 1000, mediaType: 'application/x' })),
    });
    upstream.push('team/app', 'latest', image);
    for (const bytes of layers) upstream.pushBlob('team/app', bytes);
    let running = 0;
    let most = 0;
    upstream.behave((request, response) => {
      if (!request.url?.includes('/blobs/')) return false;
      running += 1;
      most = Math.max(most, running);
      const found = [...layers, ...image.blobs].find((bytes) => request.url?.endsWith(digestOf(bytes)));
      setTimeout(() => {
        running -= 1;
        reply(response, 200, {}, found);
      }, 20);
      return true;
    });
    expect((await collect(run())).at(-1)).toMatchObject({ kind: 'done', blobs: 13 });
    expect(most).toBe(3);
    expect(readers).toMatchObject({ open: 0 });
    expect(engine.faults).toEqual([]);
  });

  test('tells how far a layer is while it comes', async () => {
    const { upstream, run } = await start();
    const image = makeImage(1_000_000);
    const [, layer = Buffer.alloc(0)] = image.blobs;
    upstream.push('team/app', 'latest', image);
    const waiting: ServerResponse[] = [];
    upstream.behave((request, response) => {
      if (!request.url?.endsWith(digestOf(layer))) return false;
      response.writeHead(200, { 'content-length': layer.length });
      response.write(layer.subarray(0, 500_000));
      waiting.push(response);
      return true;
    });
    const isOfLayer = (event: PrefetchEvent) => event.kind === 'progress' && event.digest === digestOf(layer);
    const said: PrefetchEvent[] = [];
    for await (const event of run()) {
      said.push(event);
      if (isOfLayer(event)) waiting.pop()?.end(layer.subarray(500_000));
    }
    const progress = said.find(isOfLayer);
    expect(progress).toMatchObject({ kind: 'progress', size: 1_000_000 });
    expect(progress && 'bytes' in progress && progress.bytes).toBeLessThanOrEqual(500_000);
    expect(said.at(-1)).toMatchObject({ kind: 'done' });
  });
});

describe('a non-distributable layer', () => {
  const foreign = 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip';
  const bytes = randomBytes(100);
  const withForeign = (): FakeImage => {
    const { bytes: json, blobs } = makeImage();
    const manifest = JSON.parse(json.toString()) as { layers: object[] };
    manifest.layers.push({ mediaType: foreign, digest: digestOf(bytes), size: 100 });
    const own = Buffer.from(JSON.stringify(manifest));
    return { bytes: own, digest: digestOf(own), blobs };
  };

  test('that the upstream does not have is skipped with a word', async () => {
    const { upstream, run } = await start();
    upstream.push('team/app', 'latest', withForeign());
    const events = await collect(run());
    expect(events).toContainEqual({
      image: 'team/app:latest',
      kind: 'skipped',
      digest: digestOf(bytes),
      reason: expect.stringContaining('non-distributable') as string,
    });
    expect(events.at(-1)).toMatchObject({ kind: 'done', blobs: 2 });
  });

  test('that the upstream has comes along', async () => {
    const { upstream, run } = await start();
    upstream.push('team/app', 'latest', withForeign());
    upstream.pushBlob('team/app', bytes);
    expect((await collect(run())).at(-1)).toMatchObject({ kind: 'done', blobs: 3 });
  });
});

describe('an index', () => {
  /** An index in the upstream, with an image for each platform. */
  async function indexed(...platforms: readonly string[]) {
    const made = await start();
    const images = platforms.map((platform) => ({ platform, image: makeImage() }));
    const index = makeIndex(images);
    for (const { image } of images) made.upstream.push('team/app', image.digest, image);
    indexesOf(made.upstream)('latest', index);
    const imageFor = (platform: string): FakeImage => {
      const found = images.find((each) => each.platform === platform);
      if (!found) throw new Error(`no image for ${platform}`);
      return found.image;
    };
    const heldPlatforms = async (): Promise<string[]> => {
      const held: string[] = [];
      for (const { platform, image } of images)
        if ((await made.isHeld(image)).every(Boolean)) held.push(platform);
      return held;
    };
    return { ...made, index, imageFor, heldPlatforms };
  }

  const many = [
    'linux/amd64',
    'linux/arm/v6',
    'linux/arm/v7',
    'linux/arm64/v8',
    'linux/riscv64',
    'windows/amd64',
    'unknown/unknown',
  ];

  test.each([
    [['linux/amd64'], ['linux/amd64']],
    [['linux/arm64'], ['linux/arm64/v8']],
    [['linux/arm64/v8'], ['linux/arm64/v8']],
    [['linux/arm/v7'], ['linux/arm/v7']],
    [['linux/arm'], ['linux/arm/v6', 'linux/arm/v7']],
    [['linux/amd64/v1'], ['linux/amd64']],
    [
      ['linux/riscv64', 'windows/amd64'],
      ['linux/riscv64', 'windows/amd64'],
    ],
  ])('gives for %j %j and nothing else', async (wanted, expected) => {
    const { run, heldPlatforms, imageFor, isHeld } = await indexed(...many);
    expect((await collect(run(undefined, wanted))).at(-1)).toMatchObject({ kind: 'done' });
    expect(await heldPlatforms()).toEqual(expected);
    expect(await isHeld(imageFor('unknown/unknown'))).toEqual(nothing);
  });

  test('takes an entry without a variant for the usual one', async () => {
    const { run, heldPlatforms } = await indexed('linux/arm64', 'linux/arm');
    const events = await collect(run(undefined, ['linux/arm64/v8', 'linux/arm/v7']));
    expect(events.at(-1)).toMatchObject({ kind: 'done' });
    expect(await heldPlatforms()).toEqual(['linux/arm64', 'linux/arm']);
  });

  test('gives everything for all, attestations too', async () => {
    const { run, heldPlatforms } = await indexed(...many);
    expect((await collect(run())).at(-1)).toMatchObject({ kind: 'done', blobs: 2 * many.length });
    expect(await heldPlatforms()).toEqual(many);
  });

  test('without a wanted platform fails and names those that exist, when the others are here', async () => {
    const { run, heldPlatforms } = await indexed('linux/amd64', 'linux/arm/v7', 'unknown/unknown');
    const events = await collect(run(undefined, ['linux/amd64', 'linux/s390x', 'linux/arm/v6']));
    expect(events.at(-1)).toEqual({
      image: 'team/app:latest',
      kind: 'failed',
      reason: 'team/app:latest has nothing for linux/s390x, linux/arm/v6; it has linux/amd64, linux/arm/v7',
    });
    expect(await heldPlatforms()).toEqual(['linux/amd64']);
  });

  test('of attestations alone fails', async () => {
    const { run } = await indexed('unknown/unknown');
    const events = await collect(run(undefined, ['linux/amd64']));
    expect(events.at(-1)).toMatchObject({
      kind: 'failed',
      reason: expect.stringContaining('no image at all') as string,
    });
  });

  test('whose entries do not say a platform gives them all', async () => {
    const { upstream, run, isHeld } = await start();
    const image = makeImage();
    upstream.push('team/app', 'x', image);
    indexesOf(upstream)('latest', makeIndex([{ image }]));
    expect((await collect(run(undefined, ['linux/amd64']))).at(-1)).toMatchObject({ kind: 'done' });
    expect(await isHeld(image)).toEqual(whole);
  });

  /** An index in an index in …, `depth` of them around an image for linux/amd64. */
  async function nested(depth: number) {
    const made = await start();
    const image = makeImage();
    made.upstream.push('team/app', 'inner', image);
    let outer = makeIndex([{ image, platform: 'linux/amd64' }]);
    const push = indexesOf(made.upstream);
    push('deepest', outer);
    for (let each = 1; each < depth; each += 1) {
      outer = makeIndex([{ image: outer, mediaType: mediaTypes.ociIndex }]);
      push('latest', outer);
    }
    return { ...made, image };
  }

  test('within indexes is chosen from', async () => {
    const { run, image, isHeld } = await nested(3);
    expect((await collect(run(undefined, ['linux/amd64']))).at(-1)).toMatchObject({ kind: 'done' });
    expect(await isHeld(image)).toEqual(whole);
  });

  test('that names an image in two ways gives it once', async () => {
    const { upstream, run } = await start();
    const image = makeImage();
    upstream.push('team/app', 'x', image);
    const push = indexesOf(upstream);
    const inner = makeIndex([{ image, platform: 'linux/amd64' }]);
    push('inner', inner);
    push(
      'latest',
      makeIndex([
        { image, platform: 'linux/amd64' },
        { image: inner, mediaType: mediaTypes.ociIndex },
      ]),
    );
    const events = await collect(run(undefined, ['linux/amd64']));
    expect(events.filter((event) => 'digest' in event && event.digest === image.digest)).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ kind: 'done', blobs: 2 });
  });

  test('too deep in others fails', async () => {
    const { run, upstream } = await nested(20);
    const [event] = (await collect(run())).slice(-1);
    expect(event).toMatchObject({ kind: 'failed', reason: expect.stringContaining('3 deep') as string });
    expect(upstream.asked.length).toBeLessThan(6);
  });
});

describe('an image that fails', () => {
  test('does not stop the others', async () => {
    const { upstream, run, isHeld } = await start();
    const image = makeImage();
    upstream.push('team/app', 'latest', image);
    const events = await collect(run([tagged('gone'), tagged('latest')]));
    expect(events[0]).toMatchObject({
      image: 'team/app:gone',
      kind: 'failed',
      reason: 'gone of team/app is not in hub, nor upstream',
    });
    expect(events.at(-1)).toMatchObject({ image: 'team/app:latest', kind: 'done' });
    expect(await isHeld(image)).toEqual(whole);
  });

  test('says which blob is not there', async () => {
    const { upstream, run } = await start();
    const image = makeImage();
    const [, layer = Buffer.alloc(0)] = image.blobs;
    upstream.push('team/app', 'latest', image);
    upstream.behave((request, response) => {
      if (!request.url?.endsWith(digestOf(layer))) return false;
      reply(response, 404);
      return true;
    });
    expect((await collect(run())).at(-1)).toMatchObject({
      kind: 'failed',
      reason: `${digestOf(layer)} of team/app is not in hub, nor upstream`,
    });
  });

  test('says what the upstream did', async () => {
    const { upstream, run } = await start();
    upstream.behave(unreachable);
    const [event] = await collect(run());
    expect(event).toMatchObject({ kind: 'failed', reason: expect.stringContaining('hub') as string });
  });

  test('does not wait for a layer that stalls', async () => {
    const { upstream, run, readers } = await start();
    const image = makeImage(1000);
    const [config = Buffer.alloc(0), layer = Buffer.alloc(0)] = image.blobs;
    upstream.push('team/app', 'latest', image);
    const refuse: (() => void)[] = [];
    upstream.behave((request, response) => {
      if (request.url?.endsWith(digestOf(layer))) {
        response.writeHead(200, { 'content-length': layer.length });
        response.write(layer.subarray(0, 500));
        return true;
      }
      if (!request.url?.endsWith(digestOf(config))) return false;
      refuse.push(() => {
        reply(response, 404);
      });
      return true;
    });
    const events: PrefetchEvent[] = [];
    for await (const event of run()) {
      events.push(event);
      if (event.kind !== 'progress') continue;
      await vi.waitFor(() => {
        expect(refuse).toHaveLength(1);
      });
      refuse[0]?.();
    }
    expect(events.at(-1)).toMatchObject({ kind: 'failed' });
    expect(readers).toEqual({ open: 0, most: 1 });
  });

  test('in the middle of a layer leaves no reader open', async () => {
    const { upstream, run, readers } = await start();
    const image = makeImage(1_000_000);
    const [, layer = Buffer.alloc(0)] = image.blobs;
    upstream.push('team/app', 'latest', image);
    upstream.behave((request, response) => {
      if (!request.url?.endsWith(digestOf(layer))) return false;
      reply(response, 200, {}, Buffer.alloc(layer.length));
      return true;
    });
    expect((await collect(run())).at(-1)).toMatchObject({ kind: 'failed' });
    expect(readers.open).toBe(0);
    expect(readers.most).toBeGreaterThan(0);
  });
});

describe('the signal', () => {
  /** An image of which every layer stalls after half; `stalled` answers how many do. */
  async function stalling() {
    const made = await start();
    const layers = Array.from({ length: 6 }, () => randomBytes(1000));
    const image = makeImage(10, {
      layers: layers.map((bytes) => ({ digest: digestOf(bytes), size: 1000, mediaType: 'application/x' })),
    });
    made.upstream.push('team/app', 'latest', image);
    const waiting: (() => void)[] = [];
    made.upstream.behave((request, response) => {
      const layer = layers.find((bytes) => request.url?.endsWith(digestOf(bytes)));
      if (!layer) return false;
      response.writeHead(200, { 'content-length': 1000 });
      response.write(layer.subarray(0, 500));
      waiting.push(() => response.end(layer.subarray(500)));
      return true;
    });
    return { ...made, waiting, layers };
  }

  test('ends it with its reason and closes readers; what had begun goes on', async () => {
    const { run, readers, waiting, repository, layers } = await stalling();
    const controller = new AbortController();
    const reading = faultOf(collect(run(undefined, 'all', controller.signal)));
    // The configuration's reader may be one of three for a moment.
    await vi.waitFor(() => {
      expect([readers.open, waiting.length]).toEqual([3, 3]);
    });
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await reading).toBe(reason);
    expect(readers.open).toBe(0);
    expect(waiting).toHaveLength(3);
    for (const finish of waiting) finish();
    await vi.waitFor(async () => {
      const found = layers.map((bytes) => repository.findBlob(app, digestOf(bytes), 'local'));
      expect((await Promise.all(found)).filter((each) => each !== undefined)).toHaveLength(3);
    });
  });

  test('ends it while an upstream is silent, and a reader that opens late is closed', async () => {
    const { upstream, run, readers } = await start();
    const image = makeImage();
    upstream.push('team/app', 'latest', image);
    const waiting: (() => void)[] = [];
    upstream.behave((request, response) => {
      const found = image.blobs.find((bytes) => request.url?.endsWith(digestOf(bytes)));
      if (!found) return false;
      waiting.push(() => {
        sendBlob(found, undefined, response);
      });
      return true;
    });
    const controller = new AbortController();
    const reading = faultOf(collect(run(undefined, 'all', controller.signal)));
    await vi.waitFor(() => {
      expect(waiting).toHaveLength(2);
    });
    controller.abort(new Error('enough'));
    expect(String(await reading)).toContain('enough');
    for (const finish of waiting) finish();
    await vi.waitFor(() => {
      expect(readers).toMatchObject({ open: 0, most: expect.any(Number) as number });
      expect(readers.most).toBeGreaterThan(0);
    });
  });

  test('that was given before lets nothing begin', async () => {
    const { upstream, run } = await start();
    expect(await faultOf(collect(run(undefined, 'all', AbortSignal.abort(new Error('no')))))).toEqual(
      new Error('no'),
    );
    expect(upstream.asked).toEqual([]);
  });

  test('is not needed by who just leaves', async () => {
    const { run, readers } = await stalling();
    for await (const event of run()) if (event.kind === 'progress') break;
    expect(readers.open).toBe(0);
    expect(readers.most).toBeGreaterThan(0);
  });
});
