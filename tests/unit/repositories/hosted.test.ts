import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  mediaTypes,
  parseDigest,
  parseName,
  parseTag,
  type ErrorKind,
} from '../../../registry/model/index.ts';
import type { Place } from '../../../registry/metadata/index.ts';
import type { StoredManifest } from '../../../registry/repositories/hosted.ts';
import type { HostedSettings } from '../../../registry/repositories/index.ts';
import { digestOf } from '../upstream/scripted.ts';
import { hosted, readAll, readerOf, startEngine, tagged, upload, type Engine } from './engine.ts';
import { makeImage, type FakeImage } from './fake-registry.ts';

const app = parseName('team/app');
const all = { size: undefined, last: undefined };

/** Pushes an image as a client does: its blobs, then the manifest. */
async function push(
  engine: Engine,
  image: FakeImage,
  reference: string,
  name = 'team/app',
): Promise<StoredManifest> {
  for (const blob of image.blobs) await upload(engine, 'hosted', name, blob);
  return put(engine, image, reference, name);
}

function put(
  engine: Engine,
  image: FakeImage,
  reference: string,
  name = 'team/app',
  adoptFrom: readonly Place[] = [],
) {
  return engine.hosted('hosted').putManifest({
    name: parseName(name),
    reference: reference.includes(':') ? { digest: parseDigest(reference) } : tagged(reference),
    tags: [],
    bytes: image.bytes,
    contentType: mediaTypes.ociManifest,
    seenWith: adoptFrom,
    adoptFrom,
  });
}

const startHosted = (settings: Partial<HostedSettings> = {}) =>
  startEngine({ hosted: hosted(settings), other: hosted() });

const refused = (kind: ErrorKind) => ({ name: 'RegistryError', kind });

describe('what is pushed', () => {
  test('is found by tag and by digest, with its blobs', async () => {
    const engine = await startHosted();
    const image = makeImage();
    expect(await push(engine, image, '1.0')).toEqual({
      digest: image.digest,
      subject: undefined,
      adopted: [],
    });
    const repository = engine.repository('hosted');
    for (const reference of [tagged('1.0'), { digest: image.digest }]) {
      const found = await repository.findManifest(app, reference, 'local');
      expect(found).toMatchObject({ digest: image.digest, member: 'hosted', age: undefined });
    }
    for (const blob of image.blobs) {
      const digest = digestOf(blob);
      expect(await repository.findBlob(app, digest, 'local')).toMatchObject({
        size: blob.length,
        member: 'hosted',
      });
      const opened = await repository.openBlob(app, digest, 'local');
      expect((await readAll(readerOf(opened))).equals(blob)).toBe(true);
    }
    expect(await repository.listTags(app, all, 'anywhere')).toEqual({ entries: ['1.0'], more: false });
    expect(await repository.listNames(all)).toEqual({ entries: ['team/app'], more: false });
  });

  test('is not served under a name or by a repository that does not hold it (T11)', async () => {
    const engine = await startHosted();
    const image = makeImage();
    await push(engine, image, '1.0');
    const digest = digestOf(image.blobs[0] ?? '');
    for (const [repository, name] of [
      ['hosted', 'team/other'],
      ['other', 'team/app'],
    ] as const) {
      expect(
        await engine.repository(repository).findBlob(parseName(name), digest, 'anywhere'),
      ).toBeUndefined();
      expect(
        await engine.repository(repository).openBlob(parseName(name), digest, 'anywhere'),
      ).toBeUndefined();
      const byDigest = engine.repository(repository).findManifest(parseName(name), image, 'anywhere');
      expect(await byDigest).toBeUndefined();
    }
  });

  test('as x is read as library/x too, and the other way round (T19)', async () => {
    const engine = await startHosted();
    const [short, long] = [makeImage(), makeImage()];
    await push(engine, short, '1.0', 'nginx');
    await push(engine, long, '2.0', 'library/redis');
    const repository = engine.repository('hosted');
    const read = async (name: string, tag: string) =>
      (await repository.findManifest(parseName(name), tagged(tag), 'local'))?.digest;
    expect(await read('library/nginx', '1.0')).toBe(short.digest);
    expect(await read('redis', '2.0')).toBe(long.digest);
    expect(await read('team/nginx', '1.0')).toBeUndefined();
    const layer = digestOf(short.blobs[1] ?? '');
    expect(await repository.findBlob(parseName('library/nginx'), layer, 'local')).toBeDefined();
    expect(await repository.listTags(parseName('redis'), all, 'anywhere')).toEqual({
      entries: ['2.0'],
      more: false,
    });
    // Written under the name that was given, and it alone is listed.
    expect(await repository.listNames(all)).toEqual({ entries: ['library/redis', 'nginx'], more: false });
  });

  test('the name that was asked for comes before its other form', async () => {
    const engine = await startHosted();
    const [short, long] = [makeImage(), makeImage()];
    await push(engine, short, '1.0', 'nginx');
    await push(engine, long, '1.0', 'library/nginx');
    const read = async (name: string) =>
      (await engine.repository('hosted').findManifest(parseName(name), tagged('1.0'), 'local'))?.digest;
    expect(await read('nginx')).toBe(short.digest);
    expect(await read('library/nginx')).toBe(long.digest);
  });

  test('by sha512 is found by sha512', async () => {
    const engine = await startHosted();
    const image = makeImage();
    for (const blob of image.blobs) await upload(engine, 'hosted', 'team/app', blob);
    const digest = `sha512:${createHash('sha512').update(image.bytes).digest('hex')}`;
    expect(await put(engine, image, digest)).toMatchObject({ digest });
    const found = await engine
      .repository('hosted')
      .findManifest(app, { digest: parseDigest(digest) }, 'local');
    expect(found?.digest).toBe(digest);
  });

  test('under another digest than it has is refused', async () => {
    const engine = await startHosted();
    const image = makeImage();
    await push(engine, image, '1.0');
    await expect(put(engine, image, digestOf('x'))).rejects.toMatchObject(refused('digestInvalid'));
  });

  test('without its blobs is refused, and each of them is named', async () => {
    const engine = await startHosted();
    const image = makeImage();
    const digests = image.blobs.map((blob) => ({ digest: digestOf(blob) }));
    await expect(put(engine, image, '1.0')).rejects.toMatchObject({
      ...refused('manifestBlobUnknown'),
      detail: digests,
    });
    // Another name's blobs are not this one's.
    for (const blob of image.blobs) await upload(engine, 'hosted', 'team/other', blob);
    await expect(put(engine, image, '1.0')).rejects.toMatchObject({ detail: digests });
    expect(await engine.repository('hosted').listTags(app, all, 'anywhere')).toBeUndefined();
  });

  test('is adopted from where the caller sees it, and stays when that place loses it (T1)', async () => {
    const engine = await startHosted();
    const image = makeImage();
    const from = { repository: 'other', name: app };
    for (const blob of image.blobs) await upload(engine, 'other', 'team/app', blob);
    const digests = image.blobs.map((blob) => digestOf(blob));
    expect((await put(engine, image, '1.0', 'team/app', [from])).adopted).toEqual(digests);
    for (const digest of digests) await engine.hosted('other').deleteBlob(app, digest);
    for (const [at, digest] of digests.entries()) {
      const opened = await engine.repository('hosted').openBlob(app, digest, 'local');
      expect((await readAll(readerOf(opened))).equals(image.blobs[at] ?? Buffer.alloc(0))).toBe(true);
    }
  });

  test('makes the places that it hides ask again (T10)', async () => {
    const engine = await startHosted();
    const image = makeImage();
    const place = { repository: 'proxy', name: app };
    await engine.metadata.absences.remember(place, '1.0', Date.now() + 60_000);
    for (const blob of image.blobs) await upload(engine, 'hosted', 'team/app', blob);
    await put(engine, image, '1.0', 'team/app', [place]);
    expect(await engine.metadata.absences.has(place, '1.0', Date.now())).toBe(false);
  });

  test('with a subject that is nowhere says which (T16)', async () => {
    const engine = await startHosted();
    const subject = { mediaType: mediaTypes.ociManifest, digest: digestOf('elsewhere'), size: 9 };
    const image = makeImage(10, { subject });
    expect(await push(engine, image, '1.0')).toMatchObject({ subject: subject.digest });
    const referrers = await engine.repository('hosted').listReferrers(app, subject.digest, 'local');
    expect(referrers.map((each) => each.digest)).toEqual([image.digest]);
  });
});

describe('mounting', () => {
  test('links a blob from the first place that holds it', async () => {
    const engine = await startHosted();
    const digest = await upload(engine, 'other', 'x', Buffer.from('blob'));
    const sources = ['hosted', 'other'].map((repository) => ({ repository, name: parseName('x') }));
    expect(await engine.hosted('hosted').mountBlob(app, digest, sources)).toBe(true);
    const opened = await engine.repository('hosted').openBlob(app, digest, 'local');
    expect((await readAll(readerOf(opened))).toString()).toBe('blob');
  });

  test('does nothing when none holds it', async () => {
    const engine = await startHosted();
    const digest = await upload(engine, 'other', 'x', Buffer.from('blob'));
    expect(await engine.hosted('hosted').mountBlob(app, digest, [])).toBe(false);
    const wrong = [{ repository: 'other', name: parseName('y') }];
    expect(await engine.hosted('hosted').mountBlob(app, digest, wrong)).toBe(false);
    expect(await engine.repository('hosted').findBlob(app, digest, 'local')).toBeUndefined();
  });
});

describe('deployment', () => {
  /** What each policy says to a second, different image under a tag. */
  test.each([
    ['allow', '1.0', true],
    ['allow', 'latest', true],
    ['once', '1.0', false],
    ['once', 'latest', false],
    ['latest-only', '1.0', false],
    ['latest-only', 'latest', true],
  ] as const)('%s: %s again: %j', async (deployment, tag, allowed) => {
    const engine = await startHosted({ deployment });
    const [first, second] = [makeImage(), makeImage()];
    await push(engine, first, tag);
    const again = push(engine, second, tag);
    if (allowed) await again;
    else await expect(again).rejects.toMatchObject(refused('denied'));
    const held = await engine.repository('hosted').findManifest(app, tagged(tag), 'local');
    expect(held?.digest).toBe((allowed ? second : first).digest);
  });

  test.each(['once', 'latest-only'] as const)(
    '%s: the same digest again, and by digest, is fine (T17)',
    async (deployment) => {
      const engine = await startHosted({ deployment });
      const [first, second] = [makeImage(), makeImage()];
      await Promise.all([push(engine, first, '1.0'), push(engine, first, '1.0')]);
      await push(engine, first, '1.0');
      await push(engine, second, second.digest);
      await push(engine, second, '2.0');
      expect(await engine.repository('hosted').listTags(app, all, 'anywhere')).toEqual({
        entries: ['1.0', '2.0'],
        more: false,
      });
    },
  );

  test('once: the refusal names the tag', async () => {
    const engine = await startHosted({ deployment: 'once' });
    await push(engine, makeImage(), '1.0');
    await expect(push(engine, makeImage(), '1.0')).rejects.toThrow(/1\.0.*hosted/);
  });

  test('once: further tags of a push by digest count too', async () => {
    const engine = await startHosted({ deployment: 'once' });
    await push(engine, makeImage(), '1.0');
    const image = makeImage();
    for (const blob of image.blobs) await upload(engine, 'hosted', 'team/app', blob);
    const both = engine.hosted('hosted').putManifest({
      name: app,
      reference: image,
      tags: [parseTag('2.0'), parseTag('1.0')],
      bytes: image.bytes,
      contentType: '',
      seenWith: [],
      adoptFrom: [],
    });
    await expect(both).rejects.toMatchObject(refused('denied'));
    expect(await engine.repository('hosted').listTags(app, all, 'anywhere')).toEqual({
      entries: ['1.0'],
      more: false,
    });
  });

  test('read-only refuses whatever would change anything, and can be read', async () => {
    const engine = await startHosted({ deployment: 'read-only' });
    const image = makeImage();
    await expect(put(engine, image, '1.0')).rejects.toMatchObject(refused('denied'));
    const repository = engine.hosted('hosted');
    const denied = refused('denied');
    await expect(repository.deleteManifest(app, tagged('1.0'))).rejects.toMatchObject(denied);
    await expect(repository.deleteBlob(app, image.digest)).rejects.toMatchObject(denied);
    expect(() => {
      repository.refuseUnlessWritable();
    }).toThrow(/hosted is read-only/);
    expect(await repository.findManifest(app, tagged('1.0'))).toBeUndefined();
  });
});

describe('deleting', () => {
  test('a tag, a manifest with its tags, a blob; what is not there is false', async () => {
    const engine = await startHosted();
    const image = makeImage();
    await push(engine, image, '1.0');
    await push(engine, image, '1.1');
    const repository = engine.hosted('hosted');
    expect(await repository.deleteManifest(app, tagged('1.1'))).toBe(true);
    expect(await repository.deleteManifest(app, tagged('1.1'))).toBe(false);
    expect(await repository.findManifest(app, tagged('1.0'))).toBeDefined();
    expect(await repository.deleteManifest(app, image)).toBe(true);
    expect(await repository.findManifest(app, tagged('1.0'))).toBeUndefined();
    expect(await repository.deleteManifest(app, image)).toBe(false);
    const layer = digestOf(image.blobs[1] ?? '');
    expect(await repository.deleteBlob(app, layer)).toBe(true);
    expect(await repository.openBlob(app, layer)).toBeUndefined();
    expect(await repository.deleteBlob(app, layer)).toBe(false);
  });
});
