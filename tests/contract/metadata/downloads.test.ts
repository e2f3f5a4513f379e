import { expect, test } from 'vitest';
import { at, digestOf } from './content.ts';
import { eachMetadata } from './stores.ts';

const digest = digestOf('blob');
const soon = () => Date.now() + 60_000;
const past = () => Date.now() - 1;
const offer = (by: string, until = soon()) => ({ id: `id-${by}`, by, until, place: at('proxy', `of-${by}`) });

eachMetadata('downloads', (store) => {
  const downloads = () => store.metadata().downloads;

  test('the first to join has it, and the others, in whatever process, are told who', async () => {
    const other = (await store.openAgain()).downloads;
    const mine = offer('me');
    const expected = { digest, ...mine, size: undefined, outcome: undefined };
    expect(await downloads().join(digest, mine)).toEqual(expected);
    expect(await other.join(digest, offer('you'))).toEqual(expected);
    expect(await other.find(digest)).toEqual(expected);
    expect(await downloads().join(digest, offer('me', soon() + 1))).toEqual(expected);
    expect(await downloads().find(digestOf('another'))).toBeUndefined();
  });

  test('of many that join at once one has it', async () => {
    const other = (await store.openAgain()).downloads;
    const joins = Array.from({ length: 20 }, (_, who) =>
      (who % 2 ? downloads() : other).join(digest, offer(`${who}`)),
    );
    const answers = await Promise.all(joins);
    expect(new Set(answers.map((each) => each.by)).size).toBe(1);
    expect(new Set(answers.map((each) => each.id)).size).toBe(1);
  });

  test('what a silent holder left is taken on as it is, by one', async () => {
    const other = (await store.openAgain()).downloads;
    const silent = offer('silent', past());
    await downloads().join(digest, silent);
    await downloads().announce(digest, 'silent', 7);
    const mine = offer('me');
    const taken = { digest, ...silent, by: 'me', until: mine.until, size: 7, outcome: undefined };
    expect(await other.join(digest, mine)).toEqual(taken);
    expect(await downloads().join(digest, offer('you'))).toEqual(taken);
    expect(await downloads().prolong(digest, 'silent', soon())).toBe(false);
  });

  test('who has it prolongs it, also when nobody has heard of it for a while', async () => {
    await downloads().join(digest, offer('me', past()));
    const until = soon();
    expect(await downloads().prolong(digest, 'me', until)).toBe(true);
    expect(await downloads().join(digest, offer('you'))).toMatchObject({ by: 'me', until });
    expect(await downloads().prolong(digest, 'you', soon())).toBe(false);
    expect(await downloads().prolong(digestOf('another'), 'me', soon())).toBe(false);
  });

  test('who lost it changes nothing for who has it', async () => {
    await downloads().join(digest, offer('lost', past()));
    const held = await downloads().join(digest, offer('me'));
    await downloads().announce(digest, 'lost', 9);
    await downloads().fail(digest, 'lost', 'no', soon());
    await downloads().end(digest, 'lost');
    expect(await downloads().find(digest)).toEqual(held);
  });

  test('a size that was announced is seen by all', async () => {
    const other = (await store.openAgain()).downloads;
    await downloads().join(digest, offer('me'));
    await downloads().announce(digest, 'me', 2 ** 40);
    expect(await other.find(digest)).toMatchObject({ size: 2 ** 40 });
    await downloads().announce(digest, 'me', 0);
    expect(await other.join(digest, offer('you'))).toMatchObject({ size: 0 });
  });

  test('one that ended is gone, and the next begins anew', async () => {
    await downloads().join(digest, offer('me'));
    await downloads().announce(digest, 'me', 7);
    await downloads().end(digest, 'me');
    expect(await downloads().find(digest)).toBeUndefined();
    const next = offer('you');
    expect(await downloads().join(digest, next)).toMatchObject({ ...next, size: undefined });
  });

  test('one that failed says why, and the next begins anew at once', async () => {
    const other = (await store.openAgain()).downloads;
    await downloads().join(digest, offer('me'));
    await downloads().announce(digest, 'me', 7);
    await downloads().fail(digest, 'me', 'the upstream is gone', soon());
    expect(await other.find(digest)).toMatchObject({ by: 'me', outcome: 'the upstream is gone' });
    expect(await downloads().prolong(digest, 'me', soon())).toBe(false);
    const next = offer('you');
    expect(await other.join(digest, next)).toMatchObject({ ...next, size: undefined, outcome: undefined });
    expect(await downloads().find(digest)).toMatchObject({ by: 'you', outcome: undefined });
  });

  test('why one failed is told until its time', async () => {
    await downloads().join(digest, offer('me'));
    await downloads().fail(digest, 'me', 'gone', past());
    expect(await downloads().find(digest)).toBeUndefined();
    expect(await downloads().join(digest, offer('me'))).toMatchObject({ outcome: undefined });
  });
});
