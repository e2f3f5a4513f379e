import { expect, test } from 'vitest';
import type { PageOf } from '../../../registry/model/index.ts';
import { at, digestOf, imageOf, link, put, subject, tags } from './content.ts';
import { eachMetadata } from './stores.ts';

const place = at('hosted');
const all = { size: undefined, last: undefined };
/** In ASCII order, which no language's order is. */
const ordered = ['0', '1.0', '1.10', '1.9', 'B', 'Z-1', 'Z_1', '_x', 'a', 'a.b', 'a_b', 'b', 'z'];

/** Reads page after page; at most twenty, so that a list that leads back into itself ends. */
async function follow(size: number, read: (last: string | undefined) => Promise<PageOf<string> | undefined>) {
  const pages: (readonly string[])[] = [];
  for (let last: string | undefined, more = true; more && pages.length < 20;) {
    const page = await read(last);
    if (!page) throw new Error('nothing is held');
    expect(page.entries.length).toBeLessThanOrEqual(size);
    pages.push(page.entries);
    last = page.entries.at(-1);
    more = page.more;
  }
  return pages;
}

eachMetadata('lists', (store) => {
  const images = () => store.metadata().images;

  test('tags come in ASCII order, whole and in pages', async () => {
    await put(store.metadata(), place, imageOf('config'), { tags: tags(...ordered.toReversed()) });
    await put(store.metadata(), at('hosted', 'other'), imageOf('config'), { tags: tags('elsewhere') });
    expect(await images().listTags(place, all)).toEqual({ entries: ordered, more: false });
    for (const size of [1, 3, 12, 13, 14]) {
      const pages = await follow(size, (last) => images().listTags(place, { size, last }));
      expect(pages.flat()).toEqual(ordered);
      expect(pages).toHaveLength(Math.ceil(ordered.length / size));
    }
  });

  test.each([
    [{ size: undefined, last: 'a' }, ['a.b', 'a_b', 'b', 'z'], false],
    [{ size: 2, last: 'a' }, ['a.b', 'a_b'], true],
    [{ size: 2, last: 'a_b' }, ['b', 'z'], false],
    [{ size: 2, last: 'Zz' }, ['_x', 'a'], true],
    [{ size: 2, last: 'zz' }, [], false],
    [{ size: 0, last: undefined }, [], false],
    [{ size: 0, last: 'a' }, [], false],
    [{ size: 1, last: '' }, ['0'], true],
    [{ size: 5, last: "a' or '1'='1" }, ['a.b', 'a_b', 'b', 'z'], false],
  ])('of tags the page %j is %j, more: %j', async (page, entries, more) => {
    await put(store.metadata(), place, imageOf('config'), { tags: tags(...ordered) });
    expect(await images().listTags(place, page)).toEqual({ entries, more });
  });

  test('a name that holds nothing has no list of tags; one without tags has an empty one', async () => {
    expect(await images().listTags(place, all)).toBeUndefined();
    expect(await images().listTags(place, { size: 0, last: undefined })).toBeUndefined();
    await link(store.metadata(), at('hosted', 'blob-only'), 'blob');
    expect(await images().listTags(at('hosted', 'blob-only'), all)).toEqual({ entries: [], more: false });
    await put(store.metadata(), place, imageOf('config'));
    expect(await images().listTags(place, all)).toEqual({ entries: [], more: false });
    expect(await images().listTags(at('proxy'), all)).toBeUndefined();
  });

  test('names come in ASCII order, each once, and only those with a manifest', async () => {
    const names = ['0', 'a', 'a-b', 'a.b', 'a/b', 'a0', 'a_b', 'b'];
    for (const name of names.toReversed()) {
      await put(store.metadata(), at('hosted', name), imageOf('one'), { tags: tags('1.0', '2.0') });
      await put(store.metadata(), at('hosted', name), imageOf('two'));
    }
    await put(store.metadata(), at('proxy', 'elsewhere'), imageOf('one'));
    await link(store.metadata(), at('hosted', 'blob-only'), 'blob');
    expect(await images().listNames('hosted', all)).toEqual({ entries: names, more: false });
    const pages = await follow(3, (last) => images().listNames('hosted', { size: 3, last }));
    expect(pages).toEqual([names.slice(0, 3), names.slice(3, 6), names.slice(6)]);
    expect(await images().listNames('hosted', { size: 0, last: undefined })).toEqual({
      entries: [],
      more: false,
    });
    expect(await images().listNames('nobody', all)).toEqual({ entries: [], more: false });
  });

  test('referrers come in the order of their digests, with what they say of themselves', async () => {
    const target = imageOf('target');
    const annotated = {
      ...subject(target),
      artifactType: 'application/x.sbom',
      annotations: { a: 'b', ü: '"' },
    };
    const artifacts = [imageOf('plain', [], subject(target)), imageOf('own', [], annotated)];
    for (const artifact of artifacts) await put(store.metadata(), place, artifact);
    await put(store.metadata(), place, imageOf('of another', [], subject(imageOf('x'))));
    await put(store.metadata(), at('proxy'), imageOf('elsewhere', [], subject(target)));
    const expected = artifacts
      .map(({ digest, bytes, manifest }) => ({
        digest,
        mediaType: manifest.mediaType,
        size: bytes.byteLength,
        artifactType: manifest.artifactType,
        annotations: manifest.annotations,
      }))
      .sort((a, b) => (a.digest < b.digest ? -1 : 1));
    expect(await images().listReferrers(place, target.digest)).toEqual(expected);
    expect(expected.map((each) => each.artifactType)).toContain('application/x.sbom');
    expect(await images().listReferrers(place, digestOf('nobody'))).toEqual([]);
  });

  test('a referrer that is deleted refers no more', async () => {
    const target = imageOf('target');
    const artifact = imageOf('signature', [], subject(target));
    await put(store.metadata(), place, artifact, { tags: tags('sig') });
    await images().deleteManifest(place, artifact.digest);
    expect(await images().listReferrers(place, target.digest)).toEqual([]);
  });
});
