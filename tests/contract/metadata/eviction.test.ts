import { describe, expect, test, vi } from 'vitest';
import type { Place } from '../../../registry/metadata/index.ts';
import { at, digestOf, imageOf, indexOf, link, put, tags } from './content.ts';
import { eachMetadata } from './stores.ts';

const place = at('cache');
const hour = 3_600_000;
/** In hours from now: later than all that a test links. */
const inHours = (hours: number) => Date.now() + hours * hour;

/** Does something when it is so many hours after the beginning of 1970. */
async function at1970(hours: number, work: () => Promise<unknown>): Promise<void> {
  vi.useFakeTimers({ toFake: ['Date'], now: hours * hour });
  try {
    await work();
  } finally {
    vi.useRealTimers();
  }
}

eachMetadata('eviction', (store) => {
  const { images, usage, pins, eviction } = {
    images: () => store.metadata().images,
    usage: () => store.metadata().usage,
    pins: () => store.metadata().pins,
    eviction: () => store.metadata().eviction,
  };
  const pull = (where: Place, text: string, hours: number) =>
    usage().pulled([{ place: where, digest: digestOf(text) }], inHours(hours));
  /** Which of these are held, as blobs. */
  const held = async (where: Place, ...texts: readonly string[]) => {
    const found: string[] = [];
    for (const text of texts) if (await images().findBlob(where, digestOf(text))) found.push(text);
    return found;
  };

  test('the size counts each blob of a repository once, and none of another', async () => {
    await link(store.metadata(), place, 'a', 'b');
    await link(store.metadata(), at('cache', 'other'), 'b', 'c');
    await link(store.metadata(), at('hosted'), 'd');
    expect(await eviction().size('cache')).toBe(21);
    expect(await eviction().size('hosted')).toBe(7);
    expect(await eviction().size('nobody')).toBe(0);
  });

  test('more blobs than are looked at or taken at once are all counted, evicted and found', async () => {
    const blobs = Array.from({ length: 2500 }, (_, n) => ({ digest: digestOf(`${n}`), size: n }));
    await Promise.all(blobs.map((blob) => images().linkBlob(place, blob)));
    expect(await eviction().size('cache')).toBe((2499 * 2500) / 2);
    const gone = await eviction().evict('cache', { size: 0 });
    expect(gone).toEqual({ blobs: 2500, manifests: 0, bytes: (2499 * 2500) / 2 });
    expect(await eviction().orphans(3000)).toHaveLength(2500);
    expect(await eviction().orphans(2100)).toHaveLength(2100);
  });

  describe('to a size', () => {
    test('takes what was pulled least recently, and no more than is needed', async () => {
      await link(store.metadata(), place, 'a', 'b', 'c', 'd');
      for (const [hours, text] of ['c', 'a', 'd', 'b'].entries()) await pull(place, text, hours + 1);
      const taken = await eviction().evict('cache', { size: 20 });
      expect(taken).toEqual({ blobs: 2, manifests: 0, bytes: 14 });
      expect(await held(place, 'a', 'b', 'c', 'd')).toEqual(['b', 'd']);
      expect(await eviction().size('cache')).toBe(14);
      expect(await eviction().evict('cache', { size: 14 })).toEqual({ blobs: 0, manifests: 0, bytes: 0 });
    });

    test('what was never pulled counts from when it was linked, also from when it was linked again', async () => {
      await at1970(1, () => link(store.metadata(), place, 'a', 'b'));
      await at1970(2, () => link(store.metadata(), place, 'c'));
      await at1970(3, () => link(store.metadata(), place, 'a'));
      await eviction().evict('cache', { size: 14 });
      expect(await held(place, 'a', 'b', 'c')).toEqual(['a', 'c']);
    });

    test('a pull of an image counts for its layers, under every name of the repository', async () => {
      const image = imageOf('config', ['base', 'layer']);
      await link(store.metadata(), at('cache', 'child'), 'config', 'base', 'layer');
      await link(store.metadata(), at('cache', 'parent'), 'base', 'alone');
      await link(store.metadata(), at('other'), 'base');
      await put(store.metadata(), at('cache', 'child'), image);
      await usage().pulled([{ place: at('cache', 'child'), digest: image.digest }], inHours(2));
      await pull(at('cache', 'parent'), 'alone', 1);
      expect(await eviction().evict('cache', { size: 21 })).toMatchObject({ blobs: 1 });
      expect(await held(at('cache', 'parent'), 'base', 'alone')).toEqual(['base']);
      expect(await eviction().evict('other', { unusedSince: inHours(1) })).toMatchObject({ blobs: 1 });
    });

    test('a pull of an index counts for what of it is here', async () => {
      const child = imageOf('config', ['layer']);
      const index = indexOf(child, imageOf('never fetched'));
      await link(store.metadata(), place, 'config', 'layer', 'alone');
      for (const each of [child, index]) await put(store.metadata(), place, each);
      await usage().pulled([{ place, digest: index.digest }], inHours(2));
      const taken = await eviction().evict('cache', { unusedSince: inHours(1) });
      expect(taken).toEqual({ blobs: 1, manifests: 0, bytes: 7 });
      expect(await held(place, 'config', 'layer', 'alone')).toEqual(['config', 'layer']);
    });

    test('a blob under several names is as recent as the last of them, and goes from all', async () => {
      const [one, two] = [at('cache', 'one'), at('cache', 'two')];
      await link(store.metadata(), one, 'shared', 'alone');
      await link(store.metadata(), two, 'shared');
      await pull(one, 'alone', 1);
      await pull(two, 'shared', 2);
      expect(await eviction().evict('cache', { size: 7 })).toMatchObject({ blobs: 1, bytes: 7 });
      expect(await held(one, 'alone', 'shared')).toEqual(['shared']);
      expect(await eviction().evict('cache', { size: 0 })).toMatchObject({ blobs: 1, bytes: 7 });
      expect([...(await held(one, 'shared')), ...(await held(two, 'shared'))]).toEqual([]);
    });

    test('takes no manifest, and nothing from another repository', async () => {
      const image = imageOf('config', ['layer']);
      for (const where of [place, at('hosted')]) {
        await link(store.metadata(), where, 'config', 'layer');
        await put(store.metadata(), where, image, { tags: tags('1.0') });
      }
      await eviction().evict('cache', { size: 0 });
      expect(await images().findManifest(place, { digest: image.digest })).toBeDefined();
      expect(await held(at('hosted'), 'config', 'layer')).toEqual(['config', 'layer']);
      expect(await eviction().orphans(10)).toEqual([]);
    });

    test('what is pinned stays, however large', async () => {
      const other = await store.openAgain();
      await link(store.metadata(), place, 'a', 'b');
      await other.pins.pin([digestOf('a')], inHours(1));
      expect(await eviction().evict('cache', { size: 0 })).toMatchObject({ blobs: 1 });
      expect(await held(place, 'a', 'b')).toEqual(['a']);
    });
  });

  describe('of what is unused', () => {
    test('takes manifests with their tags, and blobs, that were not pulled since', async () => {
      const [old, fresh] = [imageOf('old', ['base']), imageOf('fresh', ['base'])];
      await link(store.metadata(), place, 'old', 'fresh', 'base');
      await put(store.metadata(), place, old, { tags: tags('1.0') });
      await put(store.metadata(), place, fresh, { tags: tags('2.0') });
      await usage().pulled([{ place, digest: fresh.digest }], inHours(2));
      const taken = await eviction().evict('cache', { unusedSince: inHours(1) });
      expect(taken).toEqual({ blobs: 1, manifests: 1, bytes: 7 });
      expect(await images().findManifest(place, { digest: old.digest })).toBeUndefined();
      const all = { size: undefined, last: undefined };
      expect(await images().listTags(place, all)).toEqual({ entries: ['2.0'], more: false });
      expect(await held(place, 'old', 'fresh', 'base')).toEqual(['fresh', 'base']);
      expect(await eviction().evict('cache', { unusedSince: inHours(2) - 1000 })).toMatchObject({ blobs: 0 });
    });

    test('what is new or pinned stays', async () => {
      const [pinned, other] = [imageOf('pinned'), imageOf('other')];
      for (const each of [pinned, other]) await put(store.metadata(), place, each);
      await link(store.metadata(), place, 'pinned', 'other');
      const before = await eviction().evict('cache', { unusedSince: Date.now() - hour });
      expect(before).toEqual({ blobs: 0, manifests: 0, bytes: 0 });
      await pins().pin([pinned.digest, digestOf('pinned')], inHours(1));
      const taken = await eviction().evict('cache', { unusedSince: inHours(1) });
      expect(taken).toEqual({ blobs: 1, manifests: 1, bytes: 7 });
      expect(await images().findManifest(place, { digest: pinned.digest })).toBeDefined();
    });

    test('a manifest that another repository holds stays there', async () => {
      const image = imageOf('config');
      for (const where of [place, at('hosted')]) await put(store.metadata(), where, image);
      expect(await eviction().evict('cache', { unusedSince: inHours(1) })).toMatchObject({ manifests: 1 });
      expect(await images().findManifest(at('hosted'), { digest: image.digest })).toBeDefined();
      expect(await images().findReferrerOf(at('hosted'), digestOf('config'))).toBeDefined();
    });
  });

  describe('pulls', () => {
    test('of the same within a minute are one', async () => {
      await link(store.metadata(), place, 'a', 'b');
      await pull(place, 'a', 1);
      await pull(place, 'b', 1 + 1 / 3600);
      await pull(place, 'a', 1 + 30 / 3600);
      await eviction().evict('cache', { size: 7 });
      expect(await held(place, 'a', 'b')).toEqual(['b']);
    });

    test('of a manifest that was fetched just now count for layers that were here for long', async () => {
      const image = imageOf('config', ['base']);
      await at1970(1, () => link(store.metadata(), place, 'base'));
      await at1970(2, () => link(store.metadata(), place, 'alone'));
      await at1970(3, () => put(store.metadata(), place, image));
      await usage().pulled([{ place, digest: image.digest }], 3 * hour + 1000);
      await eviction().evict('cache', { size: 7 });
      expect(await held(place, 'base', 'alone')).toEqual(['base']);
    });

    test('that come late do not make anything older', async () => {
      const images = [imageOf('config', ['base']), imageOf('another', ['base'])];
      await link(store.metadata(), place, 'a', 'b', 'base', 'c');
      for (const each of images) await put(store.metadata(), place, each);
      const pulls = images.map(({ digest }) => [{ place, digest }]);
      await pull(place, 'a', 3);
      await usage().pulled(pulls[0] ?? [], inHours(3));
      await pull(place, 'b', 2);
      await pull(place, 'c', 2);
      await pull(place, 'a', 1);
      await usage().pulled(pulls[1] ?? [], inHours(1));
      await eviction().evict('cache', { size: 14 });
      expect(await held(place, 'a', 'b', 'base', 'c')).toEqual(['a', 'base']);
    });

    test('of what is not held are passed over, and of many all are noted', async () => {
      const texts = Array.from({ length: 250 }, (_, n) => `${n}`);
      await link(store.metadata(), place, ...texts);
      const pulls = [...texts, 'unknown'].map((text) => ({ place, digest: digestOf(text) }));
      await usage().pulled([...pulls, { place: at('nobody'), digest: digestOf('0') }], inHours(2));
      expect(await eviction().evict('cache', { unusedSince: inHours(1) })).toMatchObject({ blobs: 0 });
      expect(await images().findBlob(at('nobody'), digestOf('0'))).toBeUndefined();
      expect(await images().blobSize(digestOf('unknown'))).toBeUndefined();
    });
  });
});
