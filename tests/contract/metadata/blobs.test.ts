import { expect, test } from 'vitest';
import { at, digestOf, imageOf, indexOf, link, put } from './content.ts';
import { eachMetadata } from './stores.ts';

const place = at('hosted');
const blob = { digest: digestOf('blob'), size: 2 ** 40 };

eachMetadata('links of blobs', (store) => {
  const images = () => store.metadata().images;

  test('a blob is served where it was linked, and nowhere else', async () => {
    const before = Date.now();
    await images().linkBlob(place, blob);
    const found = await images().findBlob(place, blob.digest);
    expect(found?.size).toBe(blob.size);
    expect(found?.heldAt).toBeGreaterThanOrEqual(before);
    expect(await images().findBlob(at('proxy'), blob.digest)).toBeUndefined();
    expect(await images().findBlob(at('hosted', 'other'), blob.digest)).toBeUndefined();
    expect(await images().blobSize(blob.digest)).toBe(blob.size);
    expect(await images().blobSize(digestOf('unknown'))).toBeUndefined();
  });

  test('linking again changes nothing', async () => {
    await images().linkBlob(place, blob);
    const first = await images().findBlob(place, blob.digest);
    await images().linkBlob(place, blob);
    expect(await images().findBlob(place, blob.digest)).toEqual(first);
  });

  test('an empty blob has a size', async () => {
    await images().linkBlob(place, { ...blob, size: 0 });
    expect(await images().findBlob(place, blob.digest)).toMatchObject({ size: 0 });
    expect(await images().blobSize(blob.digest)).toBe(0);
  });

  test('unlinking takes it from one place; that its bytes are here stays known', async () => {
    await images().linkBlob(place, blob);
    await images().linkBlob(at('proxy'), blob);
    expect(await images().unlinkBlob(place, blob.digest)).toBe(true);
    expect(await images().unlinkBlob(place, blob.digest)).toBe(false);
    expect(await images().findBlob(place, blob.digest)).toBeUndefined();
    expect(await images().findBlob(at('proxy'), blob.digest)).toBeDefined();
    await images().unlinkBlob(at('proxy'), blob.digest);
    expect(await images().blobSize(blob.digest)).toBe(blob.size);
  });

  test('its places, of the repositories that are asked about', async () => {
    const places = [at('a', 'x'), at('a', 'y'), at('b', 'x')];
    for (const each of [...places.toReversed(), at('c', 'x')]) await images().linkBlob(each, blob);
    await link(store.metadata(), at('a', 'z'), 'another');
    expect(await images().placesOfBlob(blob.digest, ['a', 'b', 'nobody'])).toEqual(places);
    expect(await images().placesOfBlob(blob.digest, [])).toEqual([]);
    expect(await images().placesOfBlob(digestOf('unknown'), ['a'])).toEqual([]);
  });

  test('a blob or child is referenced where a manifest is held that references it', async () => {
    const child = imageOf('config', ['layer']);
    await put(store.metadata(), place, child);
    await put(store.metadata(), at('hosted', 'index'), indexOf(child));
    expect(await images().findReferrerOf(place, digestOf('config'))).toBeDefined();
    expect(await images().findReferrerOf(place, digestOf('layer'))).toBeDefined();
    expect(await images().findReferrerOf(place, child.digest)).toBeUndefined();
    expect(await images().findReferrerOf(at('hosted', 'index'), child.digest)).toBeDefined();
    expect(await images().findReferrerOf(at('hosted', 'index'), digestOf('layer'))).toBeUndefined();
    expect(await images().findReferrerOf(at('proxy'), digestOf('layer'))).toBeUndefined();
  });
});
