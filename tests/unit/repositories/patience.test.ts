import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseName } from '../../../registry/model/index.ts';
import { withPatience } from '../../../registry/repositories/patience.ts';
import type { ProxySettings } from '../../../registry/repositories/index.ts';
import { UpstreamFailure } from '../../../registry/upstream/index.ts';
import { digestOf } from '../upstream/scripted.ts';
import { faultOf, proxy, readAll, readerOf, startEngine, tagged } from './engine.ts';
import { makeImage, startRegistry } from './fake-registry.ts';

const app = parseName('team/app');
const latest = tagged('latest');

describe('work with a limit', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('that is done in time gives its outcome, and leaves no timer', async () => {
    vi.useFakeTimers();
    const says = vi.fn(() => new Error('too late'));
    expect(await withPatience(1000, says, () => Promise.resolve('done'))).toBe('done');
    expect(await faultOf(withPatience(1000, says, () => Promise.reject(new Error('broken'))))).toMatchObject({
      message: 'broken',
    });
    expect(vi.getTimerCount()).toBe(0);
    expect(says).not.toHaveBeenCalled();
  });

  test('that takes too long is told so, in the words given', async () => {
    vi.useFakeTimers();
    const late = new Error('too late');
    const work = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason as Error);
        });
      });
    const waiting = faultOf(withPatience(1000, () => late, work));
    await vi.advanceTimersByTimeAsync(999);
    expect(vi.getTimerCount()).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await waiting).toBe(late);
  });
});

describe('a client of an upstream that is silent', () => {
  /** Clients of this proxy are let wait for 300 ms. */
  async function start(settings: Partial<ProxySettings> = {}) {
    const upstream = await startRegistry();
    const image = makeImage();
    upstream.push(app, 'latest', image);
    const engine = await startEngine({
      hub: proxy(upstream.url, { connectTimeout: 100, headersTimeout: 200, autoBlock: false, ...settings }),
    });
    const answers: (() => void)[] = [];
    const hang = (): void => {
      upstream.behave((_, response) => {
        answers.push(() => response.destroy());
        return true;
      });
    };
    return { upstream, image, hub: engine.repository('hub'), hang, engine };
  }

  test('is told about a manifest and about a blob', async () => {
    const { hub, image, hang } = await start();
    const digest = digestOf(image.blobs[1] ?? '');
    hang();
    const asked = [
      hub.findManifest(app, latest, 'anywhere'),
      hub.findManifest(app, { digest: image.digest }, 'anywhere'),
      hub.findBlob(app, digest, 'anywhere'),
      hub.openBlob(app, digest, 'anywhere'),
    ];
    for (const fault of await Promise.all(asked.map(faultOf))) {
      expect(fault).toBeInstanceOf(UpstreamFailure);
      expect(fault).toMatchObject({ kind: 'timeout', upstream: 'hub' });
    }
  });

  test('gets an old copy where there is one', async () => {
    const { hub, image, hang } = await start({ tagMaxAge: 0 });
    await hub.findManifest(app, latest, 'anywhere');
    hang();
    expect(await hub.findManifest(app, latest, 'anywhere')).toMatchObject({
      digest: image.digest,
      stale: expect.stringContaining('in time') as string,
    });
  });

  test('leaves what has begun, which the next finds', async () => {
    const { upstream, hub, image } = await start({ headersTimeout: 500 });
    const layer = image.blobs[1] ?? Buffer.alloc(0);
    let finish: (() => void) | undefined;
    upstream.behave((_, response) => {
      response.writeHead(200, { 'content-length': layer.length });
      response.flushHeaders();
      finish = () => response.end(layer);
      return true;
    });
    expect(await faultOf(hub.openBlob(app, digestOf(layer), 'anywhere'))).toMatchObject({ kind: 'timeout' });
    finish?.();
    const opened = await hub.openBlob(app, digestOf(layer), 'anywhere');
    expect((await readAll(readerOf(opened))).equals(layer)).toBe(true);
    expect(upstream.count('GET')).toBe(1);
  });

  test('closing the engine does not wait for it', async () => {
    const { upstream, image, engine } = await start({ headersTimeout: 20_000 });
    upstream.pushBlob('team/other', image.blobs[1] ?? Buffer.alloc(0));
    const digest = digestOf(image.blobs[1] ?? '');
    const beside = await startEngine(
      { hub: proxy(upstream.url, { connectTimeout: 100, headersTimeout: 20_000 }) },
      engine,
    );
    // The second process follows the first under another name, and waits for the upstream's word on it.
    upstream.behave(() => true);
    const first = engine.repository('hub').openBlob(app, digest, 'anywhere');
    await vi.waitFor(() => {
      expect(upstream.count('GET')).toBe(1);
    });
    const second = beside.repository('hub').openBlob(parseName('team/other'), digest, 'anywhere');
    await vi.waitFor(() => {
      expect(upstream.count('HEAD')).toBe(1);
    });
    const faults = Promise.all([faultOf(first), faultOf(second)]);
    await beside.repositories.close();
    await engine.repositories.close();
    for (const fault of await faults) expect(fault).toBeInstanceOf(Error);
  }, 10_000);
});
