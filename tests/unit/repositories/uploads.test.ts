import { Readable } from 'node:stream';
import { describe, expect, test, vi } from 'vitest';
import { parseName, type ByteRange, type ErrorKind } from '../../../registry/model/index.ts';
import type { Chunk } from '../../../registry/repositories/index.ts';
import { digestOf } from '../upstream/scripted.ts';
import { hosted, readAll, readerOf, startEngine, type Engine } from './engine.ts';

const app = parseName('team/app');
const place = { repository: 'hosted', name: app };
const refused = (kind: ErrorKind) => ({ name: 'RegistryError', kind });

function chunk(text: string, range?: ByteRange, length: number | undefined = text.length): Chunk {
  return { body: Readable.from([Buffer.from(text)], { objectMode: false }), range, length };
}

const nothing = () => chunk('', undefined, 0);
const range = (first: number, last: number) => ({ first, last });

const start = () => startEngine({ hosted: hosted() });

async function blobOf(engine: Engine, text: string): Promise<string | undefined> {
  const opened = await engine.repository('hosted').openBlob(app, digestOf(text), 'local');
  return opened && (await readAll(readerOf(opened))).toString();
}

describe('an upload', () => {
  test('in chunks, and a last one with the digest', async () => {
    const engine = await start();
    const { uploads } = engine;
    const id = await uploads.start(place);
    expect(await uploads.size(place, id)).toBe(0);
    expect(await uploads.append(place, id, chunk('hello', range(0, 4)), 'sha256')).toBe(5);
    // As docker does: no range, no length.
    expect(await uploads.append(place, id, { ...chunk(', '), length: undefined }, 'sha256')).toBe(7);
    expect(await uploads.size(place, id)).toBe(7);
    await uploads.finish(place, id, chunk('world', range(7, 11)), digestOf('hello, world'));
    expect(await blobOf(engine, 'hello, world')).toBe('hello, world');
    await expect(uploads.size(place, id)).rejects.toMatchObject(refused('blobUploadUnknown'));
    expect(await engine.metadata.uploads.find(id)).toBeUndefined();
  });

  test('in one piece, and of nothing', async () => {
    const engine = await start();
    const one = await engine.uploads.start(place);
    await engine.uploads.finish(place, one, chunk('whole'), digestOf('whole'));
    expect(await blobOf(engine, 'whole')).toBe('whole');
    const two = await engine.uploads.start(place);
    await engine.uploads.finish(place, two, nothing(), digestOf(''));
    expect(await blobOf(engine, '')).toBe('');
  });

  test('of what is already there is fine (T17)', async () => {
    const engine = await start();
    const ids = await Promise.all([1, 2, 3].map(() => engine.uploads.start(place)));
    expect(new Set(ids).size).toBe(3);
    await Promise.all(ids.map((id) => engine.uploads.finish(place, id, chunk('same'), digestOf('same'))));
    expect(await blobOf(engine, 'same')).toBe('same');
  });

  test('with another digest than it has is refused, and its bytes are dropped', async () => {
    const engine = await start();
    const id = await engine.uploads.start(place);
    const finished = engine.uploads.finish(place, id, chunk('hello'), digestOf('other'));
    await expect(finished).rejects.toMatchObject(refused('digestInvalid'));
    await expect(engine.uploads.size(place, id)).rejects.toMatchObject(refused('blobUploadUnknown'));
    expect(await engine.blobs.incoming.size(id)).toBeUndefined();
    expect(await blobOf(engine, 'hello')).toBeUndefined();
    expect(await engine.blobs.open(digestOf('hello'))).toBeUndefined();
  });
});

describe('a chunk', () => {
  test.each([
    ['too far', range(6, 10)],
    ['too early', range(0, 4)],
    ['overlapping', range(4, 8)],
  ])('%s is out of order, and the upload goes on', async (_, where) => {
    const engine = await start();
    const id = await engine.uploads.start(place);
    await engine.uploads.append(place, id, chunk('hello', range(0, 4)), 'sha256');
    const outOfOrder = refused('blobUploadOutOfOrder');
    await expect(engine.uploads.append(place, id, chunk('world', where), 'sha256')).rejects.toMatchObject(
      outOfOrder,
    );
    const finished = engine.uploads.finish(place, id, chunk('world', where), digestOf('helloworld'));
    await expect(finished).rejects.toMatchObject(outOfOrder);
    expect(await engine.uploads.size(place, id)).toBe(5);
    await engine.uploads.finish(place, id, chunk('world', range(5, 9)), digestOf('helloworld'));
    expect(await blobOf(engine, 'helloworld')).toBe('helloworld');
  });

  test('whose length is not that of its range is refused before it is read', async () => {
    const engine = await start();
    const id = await engine.uploads.start(place);
    const sizeInvalid = refused('sizeInvalid');
    await expect(
      engine.uploads.append(place, id, chunk('hello', range(0, 9)), 'sha256'),
    ).rejects.toMatchObject(sizeInvalid);
    expect(await engine.uploads.size(place, id)).toBe(0);
  });

  test('without a length that brings more or less than its range is refused', async () => {
    const engine = await start();
    for (const last of [3, 5]) {
      const id = await engine.uploads.start(place);
      const body = { ...chunk('hello', range(0, last)), length: undefined };
      await expect(engine.uploads.append(place, id, body, 'sha256')).rejects.toMatchObject(
        refused('sizeInvalid'),
      );
    }
  });

  test('that breaks off leaves what came, and the upload can go on at once', async () => {
    const engine = await start();
    const id = await engine.uploads.start(place);
    const fault = new Error('the client has gone');
    async function* broken() {
      yield Buffer.from('hel');
      throw await Promise.resolve(fault);
    }
    const body = Readable.from(broken(), { objectMode: false });
    const appended = engine.uploads.append(place, id, { body, range: range(0, 4), length: 5 }, 'sha256');
    await expect(appended).rejects.toBe(fault);
    expect(await engine.uploads.size(place, id)).toBe(3);
    await engine.uploads.finish(place, id, chunk('lo', range(3, 4)), digestOf('hello'));
    expect(await blobOf(engine, 'hello')).toBe('hello');
  });
});

describe('two writers', () => {
  /** A writer in the middle of a chunk, which ends when it is told to. */
  async function begin(engine: Engine) {
    const id = await engine.uploads.start(place);
    const body = new Readable({ read: () => undefined });
    const first = engine.uploads.append(place, id, { body, range: undefined, length: undefined }, 'sha256');
    // Claimed once another cannot have it.
    await vi.waitFor(async () => {
      expect(await engine.metadata.uploads.claim(id, 'probe', Date.now() - 1)).toBe(false);
    });
    return { id, body, first };
  }

  test('the second is refused and the first not harmed', async () => {
    const engine = await start();
    const { id, body, first } = await begin(engine);
    body.push('hello');
    const second = refused('blobUploadInvalid');
    await expect(engine.uploads.append(place, id, chunk('XXX'), 'sha256')).rejects.toMatchObject(second);
    await expect(engine.uploads.finish(place, id, nothing(), digestOf(''))).rejects.toMatchObject(second);
    expect(await engine.uploads.size(place, id)).toBeLessThanOrEqual(5);
    body.push(', world');
    body.push(null);
    expect(await first).toBe(12);
    await engine.uploads.finish(place, id, nothing(), digestOf('hello, world'));
    expect(await blobOf(engine, 'hello, world')).toBe('hello, world');
  });

  test('one that cancels ends the other', async () => {
    const engine = await start();
    const { id, body, first } = await begin(engine);
    body.push('hello');
    await engine.uploads.cancel(place, id);
    body.push(null);
    await expect(first).rejects.toMatchObject(refused('blobUploadUnknown'));
    expect(await engine.blobs.incoming.size(id)).toBeUndefined();
  });
});

describe('a session', () => {
  const everything = (engine: Engine, id: string, where = place) => [
    () => engine.uploads.size(where, id),
    () => engine.uploads.append(where, id, chunk('x'), 'sha256'),
    () => engine.uploads.finish(where, id, chunk('x'), digestOf('x')),
    () => engine.uploads.cancel(where, id),
  ];

  test('that was cancelled is gone with its bytes', async () => {
    const engine = await start();
    const id = await engine.uploads.start(place);
    await engine.uploads.append(place, id, chunk('hello'), 'sha256');
    await engine.uploads.cancel(place, id);
    expect(await engine.blobs.incoming.size(id)).toBeUndefined();
    for (const each of everything(engine, id))
      await expect(each()).rejects.toMatchObject(refused('blobUploadUnknown'));
  });

  test.each(['nobody', '', '..', '../../metadata.db', 'a/b', 'a\u0000'])('%j is unknown', async (id) => {
    const engine = await start();
    for (const each of everything(engine, id))
      await expect(each()).rejects.toMatchObject(refused('blobUploadUnknown'));
  });

  test('is of one name of one repository', async () => {
    const engine = await start();
    const id = await engine.uploads.start(place);
    for (const where of [
      { repository: 'hosted', name: parseName('team/other') },
      { repository: 'other', name: app },
    ]) {
      for (const each of everything(engine, id, where))
        await expect(each()).rejects.toMatchObject(refused('blobUploadUnknown'));
    }
    expect(await engine.uploads.size(place, id)).toBe(0);
  });

  test('expires when nothing was heard of it, with its bytes', async () => {
    const engine = await start();
    const id = await engine.uploads.start(place);
    await engine.uploads.append(place, id, chunk('hello'), 'sha256');
    expect(await engine.uploads.expire(60_000)).toBe(0);
    expect(await engine.uploads.size(place, id)).toBe(5);
    expect(await engine.uploads.expire(-60_000)).toBe(1);
    await expect(engine.uploads.size(place, id)).rejects.toMatchObject(refused('blobUploadUnknown'));
    expect(await engine.blobs.incoming.size(id)).toBeUndefined();
  });

  test('whose bytes are lost is unknown, and expires too', async () => {
    const engine = await start();
    const id = await engine.uploads.start(place);
    await engine.blobs.incoming.drop(id);
    for (const each of everything(engine, id).slice(0, 3))
      await expect(each()).rejects.toMatchObject(refused('blobUploadUnknown'));
    await engine.uploads.expire(60_000);
    expect(await engine.metadata.uploads.find(id)).toBeDefined();
    await engine.uploads.expire(-60_000);
    expect(await engine.metadata.uploads.find(id)).toBeUndefined();
  });

  test('of which nobody has a row expires with its bytes', async () => {
    const engine = await start();
    await engine.blobs.incoming.create('left-behind');
    expect(await engine.uploads.expire(-60_000)).toBe(1);
    expect(await engine.blobs.incoming.size('left-behind')).toBeUndefined();
  });
});
