import { expect, test } from 'vitest';
import { at } from './content.ts';
import { eachMetadata } from './stores.ts';

const alice = { name: 'alice', passwordHash: '$2b$10$x', roles: ['developer', 'a "b"'], createdAt: 5 };

eachMetadata('users', (store) => {
  const users = () => store.metadata().users;

  test('are added once, found, listed by name and removed', async () => {
    const bob = { ...alice, name: 'bob', roles: [] };
    expect(await users().add(bob)).toBe(true);
    expect(await users().add(alice)).toBe(true);
    expect(await users().add({ ...alice, passwordHash: 'other', roles: ['admin'] })).toBe(false);
    expect(await users().find('alice')).toEqual(alice);
    expect(await users().find('Alice')).toBeUndefined();
    expect(await users().list()).toEqual([alice, bob]);
    expect(await users().remove('alice')).toBe(true);
    expect(await users().remove('alice')).toBe(false);
    expect(await users().list()).toEqual([bob]);
  });

  test('a new password is that of one user', async () => {
    await users().add(alice);
    await users().add({ ...alice, name: 'bob' });
    expect(await users().setPassword('alice', 'new')).toBe(true);
    expect(await users().setPassword('nobody', 'new')).toBe(false);
    expect((await users().list()).map((user) => user.passwordHash)).toEqual(['new', alice.passwordHash]);
  });

  test('of many that add the same one wins', async () => {
    const other = (await store.openAgain()).users;
    const adds = [1, 2, 3, 4].map((n) => (n % 2 ? users() : other).add({ ...alice, createdAt: n }));
    expect((await Promise.all(adds)).filter(Boolean)).toHaveLength(1);
  });
});

eachMetadata('signing keys', (store) => {
  const keys = () => store.metadata().keys;

  test('the first is added, and everybody later gets it', async () => {
    expect(await keys().list()).toEqual([]);
    const first = { id: 'one', jwk: '{"d":"1"}', createdAt: 1 };
    expect(await keys().addFirst(first)).toEqual(first);
    expect(await keys().addFirst({ id: 'two', jwk: '{"d":"2"}', createdAt: 2 })).toEqual(first);
    expect(await keys().list()).toEqual([first]);
  });
});

eachMetadata('absences', (store) => {
  const absences = () => store.metadata().absences;
  const place = at('proxy', 'library/x');

  test('are remembered until their time, for one reference of one place', async () => {
    const until = Date.now() + 60_000;
    await absences().remember(place, 'latest', until);
    expect(await absences().has(place, 'latest', until - 1)).toBe(true);
    expect(await absences().has(place, 'latest', until)).toBe(false);
    expect(await absences().has(place, '1.0', until - 1)).toBe(false);
    expect(await absences().has(at('proxy', 'x'), 'latest', until - 1)).toBe(false);
    expect(await absences().has(at('other', 'library/x'), 'latest', until - 1)).toBe(false);
  });

  test('a later time takes the place of an earlier one', async () => {
    const until = Date.now() + 60_000;
    await absences().remember(place, 'latest', until);
    await absences().remember(place, 'latest', until + 1000);
    expect(await absences().has(place, 'latest', until + 500)).toBe(true);
  });

  test('are forgotten by place', async () => {
    const until = Date.now() + 60_000;
    const others = [at('proxy', 'x'), at('other', 'library/x'), at('other', 'x')];
    for (const each of [place, ...others]) {
      await absences().remember(each, 'latest', until);
      await absences().remember(each, '1.0', until);
    }
    await absences().forget([]);
    expect(await absences().has(place, 'latest', 0)).toBe(true);
    await absences().forget([place, at('other', 'x')]);
    expect(await absences().has(place, 'latest', 0)).toBe(false);
    expect(await absences().has(place, '1.0', 0)).toBe(false);
    expect(await absences().has(at('other', 'x'), '1.0', 0)).toBe(false);
    expect(await absences().has(at('proxy', 'x'), 'latest', 0)).toBe(true);
    expect(await absences().has(at('other', 'library/x'), '1.0', 0)).toBe(true);
  });
});
