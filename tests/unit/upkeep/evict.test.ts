import { randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { parseName, type Digest } from '../../../registry/model/index.ts';
import { evict, type Evicted, type LimitedCache } from '../../../registry/upkeep/evict.ts';
import { startEviction } from '../../../registry/upkeep/index.ts';
import { digestOf } from '../upstream/scripted.ts';
import { hosted, proxy, startEngine, type Engine } from '../repositories/engine.ts';

const app = parseName('team/app');
const size = 1000;
const hour = 3_600_000;
const unlimited: LimitedCache = { repository: 'hub', maxSize: undefined, maxUnused: undefined };
const never = new AbortController().signal;

/** A hosted and a proxy repository. */
async function start() {
  const engine = await startEngine({ own: hosted(), hub: proxy('http://127.0.0.1:9') });
  const { metadata, blobs } = engine;
  const evicted: Evicted[] = [];
  const faults: unknown[] = [];
  const parts = {
    eviction: metadata.eviction,
    claims: metadata.claims,
    blobs,
    onEvicted: (each: Evicted) => void evicted.push(each),
    onFault: (fault: unknown) => void faults.push(fault),
  };
  const run = (limits: Partial<LimitedCache>, signal = never) =>
    evict(parts, [{ ...unlimited, ...limits }], signal);
  const isIn = async (repository: string, digest: Digest) =>
    (await metadata.images.findBlob({ repository, name: app }, digest)) !== undefined;
  return { engine, metadata, blobs, parts, evicted, faults, run, isIn };
}

/** Keeps bytes as a blob of a repository, as a download that is over has left it. */
async function keep({ blobs, metadata }: Engine, repository: string, bytes: Buffer): Promise<Digest> {
  const digest = digestOf(bytes);
  const id = randomUUID();
  await blobs.incoming.create(id);
  await blobs.incoming.append(id, Readable.from([bytes]), { algorithm: 'sha256' });
  await blobs.incoming.commit(id, digest);
  await metadata.images.linkBlob({ repository, name: app }, { digest, size: bytes.length });
  return digest;
}

/** As many blobs in a repository, the first of which was pulled longest ago: an hour, and so on. */
async function fillCache(engine: Engine, count: number, repository = 'hub'): Promise<Digest[]> {
  const digests: Digest[] = [];
  for (let each = 0; each < count; each += 1) digests.push(await keep(engine, repository, randomBytes(size)));
  const place = { repository, name: app };
  for (const [index, digest] of digests.entries())
    await engine.metadata.usage.pulled([{ place, digest }], Date.now() + (index + 1) * hour);
  return digests;
}

async function isHere(engine: Engine, digest: Digest): Promise<boolean> {
  const reader = await engine.blobs.open(digest);
  await reader?.close();
  return reader !== undefined;
}

describe('eviction', () => {
  test('makes room down to nine tenths of the limit, the least recently pulled first, files too', async () => {
    const { engine, run, evicted, isIn, faults } = await start();
    const digests = await fillCache(engine, 12);
    expect(await run({ maxSize: 10 * size })).toBe(true);
    for (const [index, digest] of digests.entries()) {
      expect(await isIn('hub', digest)).toBe(index >= 3);
      expect(await isHere(engine, digest)).toBe(index >= 3);
    }
    expect(evicted).toEqual([{ repository: 'hub', blobs: 3, manifests: 0, bytes: 3 * size }]);
    expect(faults).toEqual([]);
  });

  test('leaves a cache alone that is within its limit', async () => {
    const { engine, run, evicted, isIn } = await start();
    const digests = await fillCache(engine, 10);
    await run({ maxSize: 10 * size });
    for (const digest of digests) expect(await isIn('hub', digest)).toBe(true);
    expect(evicted).toEqual([]);
  });

  test('takes away what was not pulled for too long, and keeps what was', async () => {
    const { engine, run, evicted, isIn } = await start();
    const old = await keep(engine, 'hub', randomBytes(size));
    const [fresh] = (await fillCache(engine, 1)) as [Digest];
    // The old one was pulled now, the fresh one is said to be pulled in an hour.
    await run({ maxUnused: -hour / 2 });
    expect(await isIn('hub', old)).toBe(false);
    expect(await isHere(engine, old)).toBe(false);
    expect(await isIn('hub', fresh)).toBe(true);
    expect(evicted).toMatchObject([{ repository: 'hub', blobs: 1 }]);
  });

  test('leaves what another repository holds there, with its bytes', async () => {
    const { engine, run, isIn } = await start();
    const bytes = randomBytes(size);
    const digest = await keep(engine, 'hub', bytes);
    await keep(engine, 'own', bytes);
    await run({ maxSize: 0 });
    expect(await isIn('hub', digest)).toBe(false);
    expect(await isIn('own', digest)).toBe(true);
    expect(await isHere(engine, digest)).toBe(true);
  });

  test('lets a reader that is open read on', async () => {
    const { engine, run, blobs } = await start();
    const bytes = randomBytes(size);
    const reader = await blobs.open(await keep(engine, 'hub', bytes));
    await run({ maxSize: 0 });
    expect(await isHere(engine, digestOf(bytes))).toBe(false);
    const read = Buffer.alloc(size);
    expect(await reader?.read(read, 0)).toBe(size);
    expect(read.equals(bytes)).toBe(true);
    await reader?.close();
  });

  test('leaves what was promised', async () => {
    const { engine, run, metadata, isIn } = await start();
    const [promised, other] = (await fillCache(engine, 2)) as [Digest, Digest];
    await metadata.pins.pin([promised], Date.now() + 60_000);
    await run({ maxSize: 0 });
    expect([await isIn('hub', promised), await isHere(engine, promised)]).toEqual([true, true]);
    expect([await isIn('hub', other), await isHere(engine, other)]).toEqual([false, false]);
  });

  test('leaves what is being downloaded', async () => {
    const { engine, run, metadata } = await start();
    const [digest] = (await fillCache(engine, 1)) as [Digest];
    const place = { repository: 'hub', name: app };
    await metadata.downloads.join(digest, { id: 'x', by: 'me', until: Date.now() + 60_000, place });
    await run({ maxSize: 0 });
    expect(await isHere(engine, digest)).toBe(true);
    await metadata.downloads.end(digest, 'me');
    await run({ maxSize: 0 });
    expect(await isHere(engine, digest)).toBe(false);
  });

  test('is done by one process at a time', async () => {
    const { engine, run, metadata, isIn } = await start();
    const [digest] = (await fillCache(engine, 1)) as [Digest];
    await metadata.claims.claim('eviction', 'another', Date.now() + 60_000);
    expect(await run({ maxSize: 0 })).toBe(false);
    expect(await isIn('hub', digest)).toBe(true);
    await metadata.claims.release('eviction', 'another');
    expect(await run({ maxSize: 0 })).toBe(true);
    expect(await isIn('hub', digest)).toBe(false);
    expect(await metadata.claims.claim('eviction', 'another', Date.now() + 60_000)).toBe(true);
  });

  test('reports bytes that cannot be removed, goes on, and removes them the next time', async () => {
    const { engine, parts, faults } = await start();
    const [stuck, other] = (await fillCache(engine, 2)) as [Digest, Digest];
    const blobs = {
      remove: (digest: Digest) =>
        digest === stuck ? Promise.reject(new Error('read-only')) : parts.blobs.remove(digest),
    };
    await evict({ ...parts, blobs }, [{ ...unlimited, maxSize: 0 }], never);
    expect(faults).toContainEqual(new Error('read-only'));
    expect(await isHere(engine, other)).toBe(false);
    await evict(parts, [{ ...unlimited, maxSize: 0 }], never);
    expect(await isHere(engine, stuck)).toBe(false);
  });

  test('of more than a batch of orphans removes all of them', async () => {
    const { engine, run } = await start();
    const digests = await fillCache(engine, 130);
    await run({ maxSize: 0 });
    for (const digest of digests) expect(await isHere(engine, digest)).toBe(false);
  });

  test('that was told to end removes nothing more, and gives its claim back', async () => {
    const { engine, run, isIn, metadata } = await start();
    const [digest] = (await fillCache(engine, 1)) as [Digest];
    await run({ maxSize: 0 }, AbortSignal.abort());
    expect(await isIn('hub', digest)).toBe(true);
    expect(await metadata.claims.claim('eviction', 'another', Date.now() + 60_000)).toBe(true);
  });
});

describe('evicting now and then', () => {
  const times = { first: 20, interval: 10_000_000, pause: 20 };

  /** A cache of ten blobs with room for five, looked after from now on. */
  async function running(
    how: Partial<typeof times> = {},
    limits: Partial<LimitedCache> = { maxSize: 5 * size },
  ) {
    const made = await start();
    await fillCache(made.engine, 10);
    const upkeep = startEviction(made.parts, [{ ...unlimited, ...limits }], { ...times, ...how });
    onTestFinished(() => upkeep.stop());
    const bytes = () => made.metadata.eviction.size('hub');
    return { ...made, upkeep, bytes };
  }

  const later = (expected: () => Promise<number>) => ({
    toBe: (value: number) =>
      vi.waitFor(async () => {
        expect(await expected()).toBe(value);
      }, 5000),
  });

  test('begins soon after the start', async () => {
    const { bytes } = await running();
    await later(bytes).toBe(4 * size);
  });

  test('goes on after each interval', async () => {
    const { bytes, engine, evicted } = await running({ first: 10_000_000, interval: 30 });
    await later(bytes).toBe(4 * size);
    await fillCache(engine, 3);
    await vi.waitFor(() => {
      expect(evicted.length).toBeGreaterThan(1);
    }, 5000);
    expect(await bytes()).toBeLessThanOrEqual(5 * size);
  });

  test('begins when it is nudged', async () => {
    const { bytes, upkeep } = await running({ first: 10_000_000 });
    expect(await bytes()).toBe(10 * size);
    upkeep.nudge('other');
    upkeep.nudge('hub');
    upkeep.nudge('hub');
    await later(bytes).toBe(4 * size);
  });

  test('comes again when another process was at it', async () => {
    const { bytes, upkeep, metadata } = await running({ first: 10_000_000 });
    await metadata.claims.claim('eviction', 'another', Date.now() + 60_000);
    const claim = vi.spyOn(metadata.claims, 'claim');
    upkeep.nudge('hub');
    await vi.waitFor(() => {
      expect(claim).toHaveBeenCalled();
    });
    expect(await bytes()).toBe(10 * size);
    await metadata.claims.release('eviction', 'another');
    await later(bytes).toBe(4 * size);
  });

  test('ends when it is stopped, also in the middle', async () => {
    const { bytes, upkeep, metadata } = await running({ first: 10_000_000, interval: 30 });
    const gate = Promise.withResolvers<undefined>();
    const reached = Promise.withResolvers<undefined>();
    const sizeOf = metadata.eviction.size.bind(metadata.eviction);
    vi.spyOn(metadata.eviction, 'size').mockImplementationOnce(async (repository) => {
      reached.resolve(undefined);
      await gate.promise;
      return sizeOf(repository);
    });
    upkeep.nudge('hub');
    await reached.promise;
    let stopped = false;
    const stopping = upkeep.stop().then(() => {
      stopped = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stopped).toBe(false);
    gate.resolve(undefined);
    await stopping;
    upkeep.nudge('hub');
    const claim = vi.spyOn(metadata.claims, 'claim');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(claim).not.toHaveBeenCalled();
    // What was being done was done to its end; the bytes wait for the next start.
    expect(await bytes()).toBe(4 * size);
  });

  test('looks after no cache without limits', async () => {
    const { bytes, upkeep, metadata } = await running({ interval: 20 }, {});
    const claim = vi.spyOn(metadata.claims, 'claim');
    upkeep.nudge('hub');
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(claim).not.toHaveBeenCalled();
    expect(await bytes()).toBe(10 * size);
  });
});
