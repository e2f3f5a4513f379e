import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { bodyOf, digestOf, readAll, sha256, someBytes, store } from './bytes.ts';
import { eachBlobStore } from './stores.ts';

const mebibyte = 1024 * 1024;

eachBlobStore('bytes on their way in', (made) => {
  const blobs = () => made.blobs();
  const incoming = () => made.blobs().incoming;

  test.each([
    [1, 3000],
    [7, 50_000],
    [1023, 3 * mebibyte + 17],
    [65_536, 2 * mebibyte],
    [mebibyte - 1, 3 * mebibyte],
    [mebibyte, 2 * mebibyte],
    [mebibyte + 1, 5 * mebibyte],
    [9 * mebibyte, 9 * mebibyte - 1],
  ])('come in pieces of %i, %i in all', async (size, total) => {
    const bytes = someBytes(total);
    await incoming().create('one');
    expect(await incoming().append('one', bodyOf(bytes, size), sha256)).toBe(total);
    expect(await incoming().commit('one', digestOf(bytes))).toBe(total);
    expect((await readAll(await blobs().open(digestOf(bytes)))).equals(bytes)).toBe(true);
    expect(await incoming().size('one')).toBeUndefined();
  });

  test('come in chunks of odd sizes, some of them empty', async () => {
    const bytes = someBytes(2_500_000);
    await incoming().create('one');
    let at = 0;
    for (const size of [0, 1, 999_983, 0, 1_048_577, 2_500_000]) {
      const chunk = bytes.subarray(at, at + size);
      at = await incoming().append('one', bodyOf(chunk, 10_007), sha256);
      expect(await incoming().size('one')).toBe(at);
    }
    expect(at).toBe(bytes.length);
    await incoming().commit('one', digestOf(bytes));
    expect((await readAll(await blobs().open(digestOf(bytes)))).equals(bytes)).toBe(true);
  });

  test('may be none', async () => {
    const nothing = Buffer.alloc(0);
    await incoming().create('one');
    expect(await incoming().size('one')).toBe(0);
    expect(await incoming().commit('one', digestOf(nothing))).toBe(0);
    const reader = await blobs().open(digestOf(nothing));
    expect(reader?.size).toBe(0);
    expect((await readAll(reader)).equals(nothing)).toBe(true);
  });

  test.each([
    ['sha512', 'sha512'],
    ['sha256', 'sha512'],
    ['sha512', 'sha256'],
  ] as const)('hashed with %s while they come, committed by %s', async (guess, algorithm) => {
    const bytes = someBytes(mebibyte + 5);
    const digest = digestOf(bytes, algorithm);
    await incoming().create('one');
    await incoming().append('one', bodyOf(bytes.subarray(0, 9)), { algorithm: guess });
    await incoming().append('one', bodyOf(bytes.subarray(9)), { algorithm: guess });
    expect(await incoming().commit('one', digest)).toBe(bytes.length);
    expect((await readAll(await blobs().open(digest))).equals(bytes)).toBe(true);
    if (guess !== algorithm) expect(await blobs().open(digestOf(bytes, guess))).toBeUndefined();
  });

  test('that are others than the digest says are dropped', async () => {
    const bytes = someBytes(1000);
    const other = digestOf(someBytes(10));
    await incoming().create('one');
    await incoming().append('one', bodyOf(bytes), sha256);
    await expect(incoming().commit('one', other)).rejects.toMatchObject({ kind: 'digestInvalid' });
    expect(await incoming().size('one')).toBeUndefined();
    expect(await blobs().open(other)).toBeUndefined();
    expect(await blobs().open(digestOf(bytes))).toBeUndefined();
    await expect(incoming().commit('one', digestOf(bytes))).rejects.toMatchObject({
      kind: 'blobUploadUnknown',
    });
  });

  describe('that break off', () => {
    const fault = new Error('the client has gone');

    test.each([1, 1000, mebibyte, 3 * mebibyte + 1])('after %i can be gone on with', async (size) => {
      const bytes = someBytes(size + 2000);
      await incoming().create('one');
      const broken = incoming().append('one', bodyOf(bytes.subarray(0, size), 65_537, fault), sha256);
      await expect(broken).rejects.toBe(fault);
      expect(await incoming().size('one')).toBe(size);
      await incoming().append('one', bodyOf(bytes.subarray(size)), sha256);
      await incoming().commit('one', digestOf(bytes));
      expect((await readAll(await blobs().open(digestOf(bytes)))).equals(bytes)).toBe(true);
    });

    test('by a signal end with its reason', async () => {
      const abort = new AbortController();
      const stalled = new Readable({ read: () => undefined });
      stalled.push(someBytes(10));
      await incoming().create('one');
      const onGrowth = () => {
        abort.abort(fault);
      };
      const appended = incoming().append('one', stalled, { ...sha256, signal: abort.signal, onGrowth });
      await expect(appended).rejects.toBe(fault);
      expect(stalled.destroyed).toBe(true);
      expect(await incoming().size('one')).toBe(10);
    });
  });

  test('go on in another process, which has not seen the first of them', async () => {
    const bytes = someBytes(300_000);
    const other = (await made.openAgain()).incoming;
    await incoming().create('one');
    await incoming().append('one', bodyOf(bytes.subarray(0, 100_000)), sha256);
    await other.append('one', bodyOf(bytes.subarray(100_000, 200_000)), sha256);
    await incoming().append('one', bodyOf(bytes.subarray(200_000)), sha256);
    await other.commit('one', digestOf(bytes));
    expect((await readAll(await blobs().open(digestOf(bytes)))).equals(bytes)).toBe(true);
  });

  test('several at once do not mix', async () => {
    const many = Array.from({ length: 10 }, () => someBytes(500_000));
    await Promise.all(many.map((bytes, at) => store(blobs(), `id-${at}`, bytes)));
    for (const bytes of many)
      expect((await readAll(await blobs().open(digestOf(bytes)))).equals(bytes)).toBe(true);
  });

  test('equal ones become one blob, and whoever reads it is not disturbed', async () => {
    const bytes = someBytes(100_000);
    const digest = await store(blobs(), 'one', bytes);
    const reader = await blobs().open(digest);
    await store(blobs(), 'two', bytes);
    await Promise.all(['three', 'four'].map((id) => store(blobs(), id, bytes)));
    expect((await readAll(reader)).equals(bytes)).toBe(true);
    expect((await readAll(await blobs().open(digest))).equals(bytes)).toBe(true);
    for (const id of ['one', 'two', 'three', 'four']) expect(await incoming().size(id)).toBeUndefined();
  });

  test('can be read while more follow', async () => {
    const bytes = someBytes(3 * mebibyte);
    const body = new Readable({ read: () => undefined });
    const grown = { size: 0, wake: (): void => undefined };
    const onGrowth = (size: number) => {
      grown.size = size;
      grown.wake();
    };
    await incoming().create('one');
    const appended = incoming().append('one', body, { ...sha256, onGrowth });
    const reader = await incoming().open('one');
    for (let at = 0; at < bytes.length; at += mebibyte) {
      body.push(bytes.subarray(at, at + mebibyte));
      while (grown.size < at + mebibyte) await new Promise<void>((wake) => (grown.wake = wake));
      const piece = Buffer.alloc(mebibyte);
      for (let read = 0; read < mebibyte;) {
        const count = await reader?.read(piece.subarray(read), at + read);
        if (!count) throw new Error('what was said to be there is not');
        read += count;
      }
      expect(piece.equals(bytes.subarray(at, at + mebibyte))).toBe(true);
      expect(await reader?.read(piece, at + mebibyte)).toBe(0);
    }
    body.push(null);
    await appended;
    await incoming().commit('one', digestOf(bytes));
    // Whoever reads goes on with the same bytes when they have become a blob.
    expect((await readAll(reader)).equals(bytes)).toBe(true);
  });

  test('a waiting reader gets a small piece at once', async () => {
    const body = new Readable({ read: () => undefined });
    await incoming().create('one');
    const growth = new Promise<number>((resolve) => {
      void incoming().append('one', body, { ...sha256, onGrowth: resolve });
    });
    body.push('hello');
    expect(await growth).toBe(5);
    const reader = await incoming().open('one');
    expect((await readAll(reader)).toString()).toBe('hello');
    body.push(null);
  });

  describe('that nobody knows', () => {
    test('have no size, no reader, and are no blob', async () => {
      expect(await incoming().size('one')).toBeUndefined();
      expect(await incoming().open('one')).toBeUndefined();
      const unknown = { kind: 'blobUploadUnknown' };
      await expect(incoming().append('one', bodyOf(someBytes(1)), sha256)).rejects.toMatchObject(unknown);
      await expect(incoming().commit('one', digestOf(Buffer.alloc(0)))).rejects.toMatchObject(unknown);
      expect(await incoming().size('one')).toBeUndefined();
    });

    test('can be dropped', async () => {
      await incoming().drop('one');
      await incoming().create('one');
      await incoming().drop('one');
      expect(await incoming().size('one')).toBeUndefined();
    });
  });

  test('an id is given once', async () => {
    await incoming().create('one');
    await incoming().append('one', bodyOf(someBytes(5)), sha256);
    await expect(incoming().create('one')).rejects.toThrow();
    expect(await incoming().size('one')).toBe(5);
  });

  test('what is dropped while it is written is unknown when it is written', async () => {
    const body = new Readable({ read: () => undefined });
    await incoming().create('one');
    await new Promise<void>((grown, failed) => {
      const appended = incoming().append('one', body, {
        ...sha256,
        onGrowth: () => void drop().then(grown, failed),
      });
      const drop = async () => {
        await incoming().drop('one');
        body.push(null);
        await expect(appended).rejects.toMatchObject({ kind: 'blobUploadUnknown' });
      };
      body.push('some');
    });
    expect(await incoming().size('one')).toBeUndefined();
  });

  test.each([
    '',
    '.',
    '..',
    '../one',
    '/etc/passwd',
    'a/b',
    'a\\b',
    'a\u0000',
    'a b',
    'a.b',
    'ä',
    'a'.repeat(65),
  ])('the id %j is refused by all', async (id) => {
    const all = [
      () => incoming().create(id),
      () => incoming().size(id),
      () => incoming().append(id, bodyOf(someBytes(1)), sha256),
      () => incoming().open(id),
      () => incoming().commit(id, digestOf(Buffer.alloc(0))),
      () => incoming().drop(id),
    ];
    // Some throw at once and some reject, which is one thing to who awaits them.
    for (const each of all) await expect((async () => await each())()).rejects.toThrow('not an id');
  });

  test('those of which nothing was heard are found by time', async () => {
    await incoming().create('one');
    expect(await incoming().idleSince(Date.now() + 60_000)).toEqual(['one']);
    expect(await incoming().idleSince(Date.now() - 60_000)).toEqual([]);
    await store(blobs(), 'two', someBytes(10));
    expect(await incoming().idleSince(Date.now() + 60_000)).toEqual(['one']);
  });
});
