import { expect, test } from 'vitest';
import { digestOf, readAll, someBytes, store } from './bytes.ts';
import { eachBlobStore } from './stores.ts';

eachBlobStore('blobs', (made) => {
  test('that are not here are undefined', async () => {
    expect(await made.blobs().open(digestOf(someBytes(10)))).toBeUndefined();
    expect(await made.blobs().open(digestOf(someBytes(10), 'sha512'))).toBeUndefined();
  });

  test('are there for everybody once they are committed', async () => {
    const other = await made.openAgain();
    const digest = await store(made.blobs(), 'one', someBytes(10));
    const reader = await other.open(digest);
    expect(reader?.size).toBe(10);
    await reader?.close();
  });

  test('are read at any position, into memory of any size', async () => {
    const bytes = someBytes(1000);
    const reader = await made.blobs().open(await store(made.blobs(), 'one', bytes));
    if (!reader) throw new Error('the blob is not here');
    for (const [position, room, expected] of [
      [0, 1000, 1000],
      [0, 10, 10],
      [990, 100, 10],
      [999, 1, 1],
      [1000, 10, 0],
      [2000, 10, 0],
      [5, 0, 0],
    ] as const) {
      const into = Buffer.alloc(room);
      const count = await reader.read(into, position);
      expect(count).toBe(expected);
      expect(into.subarray(0, count)).toEqual(bytes.subarray(position, position + expected));
    }
    await reader.close();
  });

  test('many readers of one blob do not disturb each other', async () => {
    const bytes = someBytes(200_000);
    const digest = await store(made.blobs(), 'one', bytes);
    const readers = await Promise.all(Array.from({ length: 50 }, () => made.blobs().open(digest)));
    const pieces = await Promise.all(
      readers.map(async (reader, at) => {
        const into = Buffer.alloc(1000);
        await reader?.read(into, at * 1000);
        await reader?.close();
        return into;
      }),
    );
    expect(Buffer.concat(pieces)).toEqual(bytes.subarray(0, 50_000));
  });

  test('that are removed are gone for everybody; again is fine', async () => {
    const other = await made.openAgain();
    const digest = await store(made.blobs(), 'one', someBytes(10));
    const kept = await store(made.blobs(), 'two', someBytes(10));
    await made.blobs().remove(digest);
    expect(await other.open(digest)).toBeUndefined();
    await other.remove(digest);
    await other.remove(digestOf(someBytes(10), 'sha512'));
    expect((await readAll(await made.blobs().open(kept))).byteLength).toBe(10);
  });

  test('that are removed go on being read by who had opened them, and may come again', async () => {
    const bytes = someBytes(2_000_000);
    const digest = await store(made.blobs(), 'one', bytes);
    const reader = await made.blobs().open(digest);
    await (await made.openAgain()).remove(digest);
    await store(made.blobs(), 'two', bytes);
    await made.blobs().remove(digest);
    expect((await readAll(reader)).equals(bytes)).toBe(true);
    await store(made.blobs(), 'three', bytes);
    expect((await readAll(await made.blobs().open(digest))).equals(bytes)).toBe(true);
  });

  test('a store that can be used says so, and nothing is left of the question', async () => {
    await made.blobs().check();
    expect(await made.blobs().incoming.idleSince(Date.now() + 60_000)).toEqual([]);
  });
});
