import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseName } from '../../../registry/model/index.ts';
import type { ProxySettings } from '../../../registry/repositories/index.ts';
import { group, hosted, proxy, startEngine, tagged } from './engine.ts';
import { always, makeImage, startRegistry } from './fake-registry.ts';

const app = parseName('team/app');
const latest = tagged('latest');
const path = 'team/app/manifests/latest';
const minute = 60_000;

/** Time goes on by this much, for all that asks what time it is. */
function later(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
}

afterEach(() => {
  vi.useRealTimers();
});

/** A tag that was pulled once; it is fresh for a minute, and for another one served while it is revalidated. */
async function start(settings: Partial<ProxySettings> = {}) {
  const upstream = await startRegistry();
  const image = makeImage();
  upstream.push(app, 'latest', image);
  const engine = await startEngine({
    own: hosted(),
    hub: proxy(upstream.url, {
      tagMaxAge: minute,
      staleWhileRevalidate: minute,
      autoBlock: false,
      ...settings,
    }),
    all: group('own', 'hub'),
  });
  const find = () => engine.repository('all').findManifest(app, latest, 'anywhere');
  expect(await find()).toMatchObject({ digest: image.digest, from: 'upstream' });
  return { upstream, image, engine, find };
}

/** Makes the upstream wait with its answers until it is told to give them. */
function hold(upstream: Awaited<ReturnType<typeof start>>['upstream']) {
  let open: (() => void)[] = [];
  let isHeld = true;
  upstream.behave((request, response) => {
    if (!isHeld) return false;
    open.push(() => {
      response.destroy();
      request.destroy();
    });
    return true;
  });
  return {
    giveUp: () => {
      isHeld = false;
      for (const each of open) each();
      open = [];
    },
  };
}

describe('within the grace window', () => {
  test('the old answer goes out at once, and one HEAD is behind it for all who ask', async () => {
    const { upstream, image, find } = await start();
    const { giveUp } = hold(upstream);
    later(90_000);
    for (const found of await Promise.all(Array.from({ length: 20 }, find))) {
      expect(found).toMatchObject({ digest: image.digest, from: 'cache', age: 90 });
      expect(found).not.toHaveProperty('stale');
    }
    await vi.waitFor(() => {
      expect(upstream.count('HEAD')).toBe(1);
    });
    expect(await find()).toMatchObject({ digest: image.digest });
    expect(upstream.asked.slice(1)).toEqual([`HEAD /v2/${path}`]);
    giveUp();
  });

  test('what has not changed is young again', async () => {
    const { upstream, find } = await start();
    later(90_000);
    await find();
    await vi.waitFor(async () => {
      expect((await find())?.age).toBe(0);
    });
    later(30_000);
    await find();
    expect(upstream.count('HEAD')).toBe(1);
    expect(upstream.count(`GET /v2/${path}`)).toBe(1);
  });

  test('what has changed is there the next time', async () => {
    const { upstream, image, find } = await start();
    const newer = makeImage();
    upstream.push(app, 'latest', newer);
    later(90_000);
    expect((await find())?.digest).toBe(image.digest);
    await vi.waitFor(async () => {
      expect((await find())?.digest).toBe(newer.digest);
    });
    expect(upstream.asked.slice(1)).toEqual([`HEAD /v2/${path}`, `GET /v2/${path}`]);
  });

  test('what has gone is gone the next time', async () => {
    const { upstream, image, find } = await start();
    upstream.untag(app, 'latest');
    later(90_000);
    expect((await find())?.digest).toBe(image.digest);
    await vi.waitFor(async () => {
      expect(await find()).toBeUndefined();
    });
  });

  test('a failure behind the answer is reported, and not told to the client', async () => {
    const { upstream, image, engine, find } = await start();
    upstream.behave(always(500));
    later(90_000);
    for (let times = 0; times < 2; times += 1) {
      const found = await find();
      expect(found).toMatchObject({ digest: image.digest });
      expect(found).not.toHaveProperty('stale');
    }
    await vi.waitFor(() => {
      expect(engine.faults).toContainEqual(
        expect.objectContaining({ kind: 'server-error', upstream: 'hub' }),
      );
    });
  });

  test('a fault of our own behind the answer is reported too', async () => {
    const { image, engine, find } = await start();
    const fault = new Error('the disk is gone');
    vi.spyOn(engine.metadata.absences, 'has').mockRejectedValue(fault);
    later(90_000);
    expect((await find())?.digest).toBe(image.digest);
    await vi.waitFor(() => {
      expect(engine.faults).toContain(fault);
    });
  });

  test('a digest is asked of nobody', async () => {
    const { upstream, image, engine } = await start();
    later(90_000);
    const found = await engine.repository('all').findManifest(app, { digest: image.digest }, 'anywhere');
    expect(found).toBeDefined();
    expect(upstream.count('HEAD')).toBe(0);
  });

  test('locally nobody is asked behind the answer either (T3)', async () => {
    const { upstream, engine } = await start();
    later(90_000);
    expect(await engine.repository('all').findManifest(app, latest, 'local')).toBeDefined();
    expect(await engine.repository('hub').findManifest(app, latest, 'local')).toBeDefined();
    expect(upstream.count('HEAD')).toBe(0);
  });
});

describe('beyond the grace window', () => {
  test('a client waits for the new answer', async () => {
    const { upstream, find } = await start();
    const newer = makeImage();
    upstream.push(app, 'latest', newer);
    later(2 * minute);
    expect((await find())?.digest).toBe(newer.digest);
  });

  test('and is told when the upstream does not answer', async () => {
    const { upstream, image, find } = await start();
    upstream.behave(always(500));
    later(2 * minute);
    expect(await find()).toMatchObject({
      digest: image.digest,
      stale: expect.stringContaining('hub') as string,
    });
  });
});

test('without a grace window what is old is waited for', async () => {
  const { upstream, find } = await start({ staleWhileRevalidate: 0 });
  const newer = makeImage();
  upstream.push(app, 'latest', newer);
  later(minute);
  expect((await find())?.digest).toBe(newer.digest);
});
