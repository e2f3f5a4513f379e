import { expect, test } from 'vitest';
import { at } from './content.ts';
import { eachMetadata } from './stores.ts';

const upload = { id: 'one', place: at('hosted'), startedAt: 1000 };
const soon = () => Date.now() + 60_000;
const past = () => Date.now() - 1;

eachMetadata('upload sessions', (store) => {
  const uploads = () => store.metadata().uploads;

  test('are found until they end', async () => {
    await uploads().start(upload);
    expect(await uploads().find('one')).toEqual(upload);
    expect(await (await store.openAgain()).uploads.find('one')).toEqual(upload);
    expect(await uploads().end('one')).toBe(true);
    expect(await uploads().find('one')).toBeUndefined();
    expect(await uploads().end('one')).toBe(false);
  });

  test.each(['two', '', 'ONE', "one' --", 'one\n'])('%j is unknown', async (id) => {
    await uploads().start(upload);
    expect(await uploads().find(id)).toBeUndefined();
    expect(await uploads().end(id)).toBe(false);
    expect(await uploads().claim(id, 'me', soon())).toBe(false);
  });

  test('an id is used once', async () => {
    await uploads().start(upload);
    await expect(uploads().start({ ...upload, startedAt: 2000 })).rejects.toThrow();
    expect(await uploads().find('one')).toEqual(upload);
  });

  test('one holds the claim, who may prolong it and gives it back', async () => {
    const other = (await store.openAgain()).uploads;
    await uploads().start(upload);
    expect(await uploads().claim('one', 'me', soon())).toBe(true);
    expect(await uploads().claim('one', 'me', soon())).toBe(true);
    expect(await other.claim('one', 'you', soon())).toBe(false);
    await other.release('one', 'you');
    expect(await other.claim('one', 'you', soon())).toBe(false);
    await uploads().release('one', 'me');
    expect(await other.claim('one', 'you', soon())).toBe(true);
    expect(await uploads().claim('one', 'me', soon())).toBe(false);
  });

  test('a claim that is over may be taken by another', async () => {
    await uploads().start(upload);
    expect(await uploads().claim('one', 'dead', past())).toBe(true);
    expect(await uploads().claim('one', 'me', soon())).toBe(true);
    expect(await uploads().claim('one', 'dead', soon())).toBe(false);
  });

  test('of many that claim at once one wins', async () => {
    const other = (await store.openAgain()).uploads;
    await uploads().start(upload);
    const claims = Array.from({ length: 20 }, (_, who) =>
      (who % 2 ? uploads() : other).claim('one', `claimant ${who}`, soon()),
    );
    expect((await Promise.all(claims)).filter(Boolean)).toHaveLength(1);
  });

  test('a session that ended cannot be claimed', async () => {
    await uploads().start(upload);
    await uploads().end('one');
    expect(await uploads().claim('one', 'me', soon())).toBe(false);
  });

  test('old ones are found by their beginning', async () => {
    await uploads().start(upload);
    await uploads().start({ ...upload, id: 'two', startedAt: 2000 });
    expect(await uploads().startedBefore(2000)).toEqual([upload]);
    expect(await uploads().startedBefore(1000)).toEqual([]);
    expect(await uploads().startedBefore(3000)).toHaveLength(2);
  });
});
