import { expect, test } from 'vitest';
import { AccountError, createAccounts, type Accounts } from '../../../registry/access/accounts.ts';
import { createPasswords } from '../../../registry/access/passwords.ts';
import type { Users } from '../../../registry/metadata/metadata.ts';
import { usersInMemory } from './stores.ts';

function bench(users: Users = usersInMemory()): { users: Users; accounts: Accounts } {
  return { users, accounts: createAccounts(users, ['developer', 'admin'], () => 1000) };
}

async function accepts(users: Users, user: string, password: string): Promise<boolean> {
  const stored = (await users.find(user))?.passwordHash;
  return await (await createPasswords()).check(user, password, stored);
}

test('the first admin gets the given password, which is not shown again', async () => {
  const { users, accounts } = bench();
  expect(await accounts.ensureAdmin({ password: 'given' })).toEqual({ created: true, generated: undefined });
  expect(await accepts(users, 'admin', 'given')).toBe(true);
  expect((await users.find('admin'))?.roles).toEqual(['admin']);
});

test('or a generated one, different each time', async () => {
  const { users, accounts } = bench();
  const { created, generated } = await accounts.ensureAdmin({ password: undefined });
  expect(created).toBe(true);
  expect(generated).toMatch(/^[a-zA-Z2-9]{24}$/);
  expect(await accepts(users, 'admin', generated ?? '')).toBe(true);
  expect((await bench().accounts.ensureAdmin({ password: undefined })).generated).not.toBe(generated);
});

test.each([
  ['an admin who is there already', 'admin', ['admin']],
  ['a user admin without the role', 'admin', []],
  ['another user with the role', 'alice', ['admin']],
])('%s is left alone and makes a new one needless', async (_, name, roles) => {
  const user = { name, passwordHash: 'h', roles, createdAt: 1 };
  const { users, accounts } = bench(usersInMemory(user));
  const made = await accounts.ensureAdmin({ password: 'new' });
  expect(made).toEqual({ created: false, generated: undefined });
  expect(await users.list()).toEqual([user]);
});

test('two starts at once make one admin, and only its password is shown', async () => {
  const { users, accounts } = bench();
  const made = await Promise.all([1, 2].map(() => accounts.ensureAdmin({ password: undefined })));
  const [winner] = made.filter(({ created }) => created);
  expect(made.filter(({ generated }) => generated !== undefined)).toEqual([winner]);
  expect(await accepts(users, 'admin', winner?.generated ?? '')).toBe(true);
});

test('users are added, listed without their password, changed and removed', async () => {
  const { users, accounts } = bench();
  await accounts.addUser({ name: 'bob', password: 'one', roles: ['developer', 'developer'] });
  await accounts.addUser({ name: 'alice', password: 'x', roles: [] });
  expect(await accounts.listUsers()).toEqual([
    { name: 'alice', roles: [], createdAt: 1000 },
    { name: 'bob', roles: ['developer'], createdAt: 1000 },
  ]);
  await accounts.setPassword('bob', 'two');
  expect(await accepts(users, 'bob', 'one')).toBe(false);
  expect(await accepts(users, 'bob', 'two')).toBe(true);
  await accounts.removeUser('bob');
  expect(await users.find('bob')).toBeUndefined();
});

const good = { name: 'bob', password: 'x', roles: [] };

test.each<[string, (accounts: Accounts) => Promise<unknown>, RegExp]>([
  ['name empty', (to) => to.addUser({ ...good, name: '' }), /name is empty/],
  ['name with a colon', (to) => to.addUser({ ...good, name: 'a:b' }), /colon/],
  ['name with a line break', (to) => to.addUser({ ...good, name: 'a\nb' }), /control character/],
  ['name with a space at its end', (to) => to.addUser({ ...good, name: 'a ' }), /space/],
  ['name too long', (to) => to.addUser({ ...good, name: 'a'.repeat(129) }), /128/],
  ['name taken', (to) => to.addUser({ ...good, name: 'taken' }), /already/],
  ['unknown role', (to) => to.addUser({ ...good, roles: ['chef'] }), /no role "chef".*developer, admin/],
  ['password empty', (to) => to.addUser({ ...good, password: '' }), /password is empty/],
  ['password with a tab', (to) => to.addUser({ ...good, password: 'a\tb' }), /control character/],
  ['password too long', (to) => to.addUser({ ...good, password: 'ä'.repeat(37) }), /72 bytes/],
  ['new password empty', (to) => to.setPassword('taken', ''), /password is empty/],
  ['new password, no such user', (to) => to.setPassword('eve', 'x'), /no user "eve"/],
  ['remove no such user', (to) => to.removeUser('eve'), /no user "eve"/],
  ['first admin password empty', (to) => to.ensureAdmin({ password: '' }), /password is empty/],
])('refuses: %s', async (_, wish, message) => {
  const taken = { name: 'taken', passwordHash: 'h', roles: [], createdAt: 1 };
  const { users, accounts } = bench(usersInMemory(taken));
  const refusal = await wish(accounts).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(AccountError);
  expect((refusal as Error).message).toMatch(message);
  expect(await users.list()).toEqual([taken]);
});

test('a password of 72 bytes and a name of 128 characters are fine', async () => {
  const { users, accounts } = bench();
  const name = 'n'.repeat(128);
  await accounts.addUser({ name, password: 'ä'.repeat(36), roles: [] });
  expect(await accepts(users, name, 'ä'.repeat(36))).toBe(true);
});
