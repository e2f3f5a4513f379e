import { describe, expect, test } from 'vitest';
import type { Place } from '../../../registry/metadata/index.ts';
import { adopting, at, digestOf, imageOf, indexOf, link, put, subject, tags } from './content.ts';
import { eachMetadata } from './stores.ts';

const place = at('hosted');
const all = { size: undefined, last: undefined };

eachMetadata('putting a manifest', (store) => {
  const images = () => store.metadata().images;
  const holds = async (where: Place, text: string) =>
    (await images().findBlob(where, digestOf(text))) !== undefined;

  describe('with references that must be held', () => {
    test('stores it when all are there', async () => {
      await link(store.metadata(), place, 'config', 'layer');
      const image = imageOf('config', ['layer', 'layer']);
      const outcome = await put(store.metadata(), place, image, { tags: tags('1.0'), ...adopting() });
      expect(outcome).toEqual({ outcome: 'stored', adopted: [] });
      expect(await images().listTags(place, all)).toEqual({ entries: ['1.0'], more: false });
    });

    test('lists every digest that is missing, once, and stores nothing', async () => {
      await link(store.metadata(), place, 'config');
      const image = imageOf('config', ['a', 'b', 'a']);
      const outcome = await put(store.metadata(), place, image, { tags: tags('1.0'), ...adopting() });
      expect(outcome).toEqual({ outcome: 'missing', digests: [digestOf('a'), digestOf('b')] });
      expect(await images().findManifest(place, { digest: image.digest })).toBeUndefined();
      expect(await images().listTags(place, all)).toEqual({ entries: [], more: false });
      expect(await images().findReferrerOf(place, digestOf('config'))).toBeUndefined();
    });

    test('content that is held elsewhere does not count', async () => {
      await link(store.metadata(), at('hosted', 'other'), 'config');
      await link(store.metadata(), at('proxy'), 'config');
      const outcome = await put(store.metadata(), place, imageOf('config'), adopting(at('hosted', 'third')));
      expect(outcome).toEqual({ outcome: 'missing', digests: [digestOf('config')] });
    });

    test('a missing subject is no hindrance', async () => {
      await link(store.metadata(), place, 'config');
      const image = imageOf('config', [], subject({ digest: digestOf('nowhere') }));
      expect(await put(store.metadata(), place, image, adopting())).toMatchObject({ outcome: 'stored' });
    });
  });

  describe('adopting', () => {
    test('takes each blob from whichever place holds it', async () => {
      const [one, two] = [at('proxy', 'one'), at('proxy', 'two')];
      await link(store.metadata(), place, 'own');
      await link(store.metadata(), one, 'a', 'both');
      await link(store.metadata(), two, 'b', 'both');
      const image = imageOf('a', ['own', 'b', 'both']);
      const outcome = await put(store.metadata(), place, image, adopting(one, two));
      expect(outcome).toEqual({
        outcome: 'stored',
        adopted: [digestOf('a'), digestOf('b'), digestOf('both')],
      });
      for (const text of ['a', 'b', 'both', 'own']) expect(await holds(place, text)).toBe(true);
      expect(await images().findBlob(place, digestOf('a'))).toMatchObject({ size: 7 });
      expect(await holds(one, 'a')).toBe(true);
      expect(await holds(one, 'b')).toBe(false);
    });

    test('takes nothing when anything is missing', async () => {
      const from = at('proxy');
      await link(store.metadata(), from, 'config', 'a');
      const image = imageOf('config', ['a', 'b']);
      const outcome = await put(store.metadata(), place, image, { tags: tags('1.0'), ...adopting(from) });
      expect(outcome).toEqual({ outcome: 'missing', digests: [digestOf('b')] });
      expect(await holds(place, 'config')).toBe(false);
      expect(await holds(place, 'a')).toBe(false);
      expect(await images().listTags(place, all)).toBeUndefined();
    });

    test('takes a child manifest with its blobs, and the children of an index in an index', async () => {
      const from = at('proxy');
      const [child, shared] = [imageOf('config', ['layer', 'shared']), imageOf('other', ['shared'])];
      const inner = indexOf(child, shared);
      await link(store.metadata(), from, 'config', 'layer', 'shared', 'other');
      for (const each of [child, shared, inner]) await put(store.metadata(), from, each);
      const outer = indexOf(inner, child);
      const outcome = await put(store.metadata(), place, outer, { tags: tags('1.0'), ...adopting(from) });
      const expected = [inner, child, shared].map((each) => each.digest);
      const blobs = ['config', 'layer', 'shared', 'other'].map(digestOf);
      if (outcome.outcome !== 'stored') throw new Error(outcome.outcome);
      expect([...outcome.adopted].sort()).toEqual([...expected, ...blobs].sort());
      for (const digest of expected) expect(await images().findManifest(place, { digest })).toBeDefined();
      for (const digest of blobs) expect(await images().findBlob(place, digest)).toBeDefined();
    });

    test('does not take an index whose child lacks a blob, nor any of it', async () => {
      const from = at('proxy');
      const [whole, lacking] = [imageOf('config', ['layer']), imageOf('config', ['never fetched'])];
      await link(store.metadata(), from, 'config', 'layer');
      for (const each of [whole, lacking]) await put(store.metadata(), from, each);
      const outcome = await put(store.metadata(), place, indexOf(whole, lacking), adopting(from));
      expect(outcome).toEqual({ outcome: 'missing', digests: [digestOf('never fetched')] });
      expect(await images().findManifest(place, { digest: whole.digest })).toBeUndefined();
      expect(await holds(place, 'layer')).toBe(false);
      expect(await images().listTags(place, all)).toBeUndefined();
    });

    test('a child that is nowhere is missing', async () => {
      const outcome = await put(store.metadata(), place, indexOf(imageOf('x')), adopting(at('proxy')));
      expect(outcome).toEqual({ outcome: 'missing', digests: [imageOf('x').digest] });
    });

    test('the same bytes can be a child here and a layer there', async () => {
      const from = at('proxy');
      const child = imageOf('config');
      const carrier = imageOf('config', [child.bytes.toString()]);
      await link(store.metadata(), from, 'config', child.bytes.toString());
      for (const each of [child, carrier]) await put(store.metadata(), from, each);
      const outcome = await put(store.metadata(), place, indexOf(child, carrier), adopting(from));
      expect(outcome).toMatchObject({ outcome: 'stored' });
      expect(await images().findManifest(place, { digest: child.digest })).toBeDefined();
      expect(await images().findBlob(place, child.digest)).toBeDefined();
    });
  });

  describe('on trust', () => {
    test('records the references without looking for them', async () => {
      const outcome = await put(store.metadata(), place, imageOf('config', ['layer']), { tags: tags('1.0') });
      expect(outcome).toEqual({ outcome: 'stored', adopted: [] });
      expect(await images().findReferrerOf(place, digestOf('layer'))).toBeDefined();
      expect(await holds(place, 'layer')).toBe(false);
    });
  });

  describe('with tags that may not be moved', () => {
    const frozen = { mayMove: () => false };

    test('a tag is set once, and again to the same digest', async () => {
      const image = imageOf('one');
      const how = { tags: tags('1.0'), ...frozen };
      for (let times = 0; times < 2; times += 1)
        expect(await put(store.metadata(), place, image, how)).toEqual({ outcome: 'stored', adopted: [] });
    });

    test('a tag that names something else is said, and nothing is stored', async () => {
      const [one, two] = [imageOf('one'), imageOf('two', ['layer'])];
      await put(store.metadata(), place, one, { tags: tags('1.0') });
      await link(store.metadata(), at('proxy'), 'two', 'layer');
      const how = { tags: tags('new', '1.0'), ...frozen, ...adopting(at('proxy')) };
      expect(await put(store.metadata(), place, two, how)).toEqual({ outcome: 'immutable', tag: '1.0' });
      expect(await images().findManifest(place, { digest: two.digest })).toBeUndefined();
      expect(await images().listTags(place, all)).toEqual({ entries: ['1.0'], more: false });
      expect(await holds(place, 'layer')).toBe(false);
      const [tag] = tags('1.0');
      expect(tag && (await images().findManifest(place, { tag }))?.digest).toBe(one.digest);
    });

    test('each tag is asked for, and the same tag of another name is another tag', async () => {
      await put(store.metadata(), place, imageOf('one'), { tags: tags('1.0', 'latest') });
      const mayMove = (tag: string) => tag === 'latest';
      const again = await put(store.metadata(), place, imageOf('two'), { tags: tags('latest'), mayMove });
      expect(again).toMatchObject({ outcome: 'stored' });
      const elsewhere = at('hosted', 'other');
      const other = await put(store.metadata(), elsewhere, imageOf('two'), { tags: tags('1.0'), mayMove });
      expect(other).toMatchObject({ outcome: 'stored' });
    });

    test('of different ones at once exactly one wins', async () => {
      const images = ['one', 'two', 'three'].map((config) => imageOf(config));
      const how = { tags: tags('1.0'), ...frozen };
      const outcomes = await Promise.all(images.map((image) => put(store.metadata(), place, image, how)));
      expect(outcomes.map((each) => each.outcome).sort()).toEqual(['immutable', 'immutable', 'stored']);
    });
  });
});
