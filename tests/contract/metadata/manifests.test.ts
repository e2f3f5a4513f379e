import { expect, test } from 'vitest';
import { mediaTypes } from '../../../registry/model/index.ts';
import { at, digestOf, imageOf, indexOf, put, tags } from './content.ts';
import { eachMetadata } from './stores.ts';

const place = at('hosted');
const all = { size: undefined, last: undefined };

eachMetadata('manifests', (store) => {
  const images = () => store.metadata().images;
  const find = async (where: typeof place, tag: string) => {
    const [parsed] = tags(tag);
    return parsed && (await images().findManifest(where, { tag: parsed }));
  };

  test('come back byte for byte, by tag and by digest, with their type', async () => {
    const image = imageOf('config', ['layer']);
    const before = Date.now();
    await put(store.metadata(), place, image, { tags: tags('1.0', 'latest') });
    for (const held of [await find(place, '1.0'), await find(place, 'latest')]) {
      expect(held).toMatchObject({ digest: image.digest, mediaType: mediaTypes.ociManifest });
      expect(Buffer.from(held?.bytes ?? [])).toEqual(Buffer.from(image.bytes));
      expect(held?.confirmedAt).toBeGreaterThanOrEqual(before);
      expect(held?.confirmedAt).toBeLessThanOrEqual(Date.now());
    }
    const byDigest = await images().findManifest(place, { digest: image.digest });
    expect(byDigest).toMatchObject({ digest: image.digest, mediaType: mediaTypes.ociManifest });
  });

  test('are held by one name of one repository', async () => {
    const image = imageOf('config');
    await put(store.metadata(), place, image, { tags: tags('1.0') });
    for (const other of [at('hosted', 'other'), at('proxy'), at('hosted', 'library/app')]) {
      expect(await find(other, '1.0')).toBeUndefined();
      expect(await images().findManifest(other, { digest: image.digest })).toBeUndefined();
    }
    expect(await find(place, '1.0.0')).toBeUndefined();
    expect(await find(place, '1')).toBeUndefined();
  });

  test('a tag moves to what was put last, and the earlier one stays', async () => {
    const [first, second] = [imageOf('one'), imageOf('two')];
    await put(store.metadata(), place, first, { tags: tags('1.0') });
    await put(store.metadata(), place, second, { tags: tags('1.0') });
    expect(await find(place, '1.0')).toMatchObject({ digest: second.digest });
    expect(await images().findManifest(place, { digest: first.digest })).toBeDefined();
  });

  test('tags differ by case', async () => {
    await put(store.metadata(), place, imageOf('lower'), { tags: tags('a') });
    await put(store.metadata(), place, imageOf('upper'), { tags: tags('A') });
    expect((await find(place, 'a'))?.digest).toBe(imageOf('lower').digest);
    expect((await find(place, 'A'))?.digest).toBe(imageOf('upper').digest);
  });

  test('confirming a tag makes it younger, but only for the digest that it names', async () => {
    const image = imageOf('config');
    await put(store.metadata(), place, image, { tags: tags('1.0') });
    const stored = (await find(place, '1.0'))?.confirmedAt ?? 0;
    const later = async () => {
      while (Date.now() <= stored + 1) await new Promise((resolve) => setTimeout(resolve, 1));
    };
    await later();
    const [tag] = tags('1.0');
    if (!tag) throw new Error('no tag');
    await images().confirmTag(place, tag, digestOf('another'));
    expect((await find(place, '1.0'))?.confirmedAt).toBe(stored);
    await images().confirmTag(place, tag, image.digest);
    expect((await find(place, '1.0'))?.confirmedAt).toBeGreaterThan(stored);
    expect((await images().findManifest(place, { digest: image.digest }))?.confirmedAt).toBe(stored);
  });

  test('of 4 MiB come back whole', async () => {
    const image = imageOf('config', [], { annotations: { a: 'x'.repeat(4 * 1024 * 1024) } });
    await put(store.metadata(), place, image, { tags: tags('big') });
    expect(digestOf((await find(place, 'big'))?.bytes ?? '')).toBe(image.digest);
  });

  test('deleting one takes all its tags along and no others', async () => {
    const [image, other] = [imageOf('one'), imageOf('two')];
    await put(store.metadata(), place, image, { tags: tags('1.0', 'latest') });
    await put(store.metadata(), place, other, { tags: tags('2.0') });
    await put(store.metadata(), at('hosted', 'copy'), image, { tags: tags('1.0') });
    expect(await images().deleteManifest(place, image.digest)).toBe(true);
    expect(await images().listTags(place, all)).toEqual({ entries: ['2.0'], more: false });
    expect(await images().findManifest(place, { digest: image.digest })).toBeUndefined();
    expect(await find(at('hosted', 'copy'), '1.0')).toMatchObject({ digest: image.digest });
    expect(await images().deleteManifest(place, image.digest)).toBe(false);
  });

  test('what the last holder gave up is gone, and can be put again with other facts', async () => {
    const image = imageOf('config', ['layer']);
    await put(store.metadata(), place, image, { tags: tags('1.0') });
    await put(store.metadata(), at('proxy'), image);
    await images().deleteManifest(place, image.digest);
    expect(await images().findReferrerOf(at('proxy'), digestOf('layer'))).toBeDefined();
    await images().deleteManifest(at('proxy'), image.digest);
    expect(await images().findReferrerOf(at('proxy'), digestOf('layer'))).toBeUndefined();
    // Content is stored once; a row that had stayed behind would win over what comes now.
    const docker = { ...image, manifest: { ...image.manifest, mediaType: mediaTypes.dockerManifest } };
    await put(store.metadata(), place, docker, { tags: tags('1.0') });
    expect(await find(place, '1.0')).toMatchObject({ mediaType: mediaTypes.dockerManifest });
    expect(await images().findReferrerOf(place, digestOf('layer'))).toBeDefined();
  });

  test('deleting what another name holds is nothing', async () => {
    const image = imageOf('config');
    await put(store.metadata(), place, image, { tags: tags('1.0') });
    expect(await images().deleteManifest(at('proxy'), image.digest)).toBe(false);
    expect(await find(place, '1.0')).toBeDefined();
  });

  test('deleting a tag leaves the manifest and its other tags', async () => {
    const image = imageOf('config');
    await put(store.metadata(), place, image, { tags: tags('1.0', 'latest') });
    const [tag] = tags('latest');
    if (!tag) throw new Error('no tag');
    expect(await images().deleteTag(at('proxy'), tag)).toBe(false);
    expect(await images().deleteTag(place, tag)).toBe(true);
    expect(await images().deleteTag(place, tag)).toBe(false);
    expect(await images().listTags(place, all)).toEqual({ entries: ['1.0'], more: false });
    expect(await images().findManifest(place, { digest: image.digest })).toBeDefined();
  });

  test('a child can be deleted while its index stays', async () => {
    const child = imageOf('config');
    const index = indexOf(child);
    await put(store.metadata(), place, child);
    await put(store.metadata(), place, index, { tags: tags('1.0') });
    expect(await images().deleteManifest(place, child.digest)).toBe(true);
    expect(await find(place, '1.0')).toMatchObject({ digest: index.digest });
    expect(await images().findReferrerOf(place, child.digest)).toBeDefined();
  });
});
