import { verify } from '@node-rs/bcrypt';
import { beforeEach, expect, test, vi } from 'vitest';
import { createPasswords, hashPassword, isPasswordHash } from '../../../registry/access/passwords.ts';
import { describeWith } from '../../support/require-programs.ts';
import { htpasswd } from './htpasswd-program.ts';
import { clock } from './stores.ts';
import { hashAs } from './hash-as.ts';

vi.mock(import('@node-rs/bcrypt'), { spy: true });
const runs = vi.mocked(verify);
beforeEach(() => {
  runs.mockClear();
});

const ours = await hashPassword('s3cret');
const cheap = await hashAs('2y', 's3cret', 5);

test.each([
  ['our own hash', ours, 's3cret', true],
  ['$2y$, as htpasswd -B writes it', cheap, 's3cret', true],
  ['$2a$', await hashAs('2a', 's3cret', 4), 's3cret', true],
  ['wrong password', ours, 'S3cret', false],
  ['empty password', ours, '', false],
  ['no such user', undefined, 's3cret', false],
])('%s', async (_, stored, password, good) => {
  expect(await (await createPasswords()).check('alice', password, stored)).toBe(good);
});

test('hashes are bcrypt at cost 10', () => {
  expect(ours).toMatch(/^\$2b\$10\$/);
});

describeWith(['htpasswd'], 'a hash by htpasswd -B', () => {
  test('of more than 72 bytes takes them, and no further byte counts', async () => {
    const long = 'x'.repeat(72);
    const stored = htpasswd('-nbB', 'u', `${long}tail`).trim().slice('u:'.length);
    const passwords = await createPasswords();
    expect(await passwords.check('u', `${long}tail`, stored)).toBe(true);
    expect(await passwords.check('u', long, stored)).toBe(true);
    expect(await passwords.check('u', long.slice(1), stored)).toBe(false);
  });
});

test('a good check is remembered for five minutes', async () => {
  const { now, move } = clock();
  const passwords = await createPasswords(now);
  await passwords.check('alice', 's3cret', ours);
  move(5 * 60_000 - 1);
  expect(await passwords.check('alice', 's3cret', ours)).toBe(true);
  expect(runs).toHaveBeenCalledTimes(1);
  move(1);
  expect(await passwords.check('alice', 's3cret', ours)).toBe(true);
  expect(runs).toHaveBeenCalledTimes(2);
});

test('what is remembered is of this user, this password and this stored hash only', async () => {
  const passwords = await createPasswords();
  await passwords.check('alice', 's3cret', ours);
  expect(await passwords.check('alice', 's3cret!', ours)).toBe(false);
  expect(await passwords.check('alice', 's3cret', await hashPassword('changed'))).toBe(false);
  expect(await passwords.check('alice', 's3cret', undefined)).toBe(false);
  runs.mockClear();
  await passwords.check('bob', 's3cret', ours);
  expect(runs).toHaveBeenCalledTimes(1);
});

test('a bad check is not remembered', async () => {
  const passwords = await createPasswords();
  await passwords.check('alice', 'wrong', ours);
  await passwords.check('alice', 'wrong', ours);
  expect(runs).toHaveBeenCalledTimes(2);
});

test('identical checks at the same time share one run', async () => {
  const passwords = await createPasswords();
  const checks = Array.from({ length: 20 }, () => passwords.check('alice', 's3cret', ours));
  expect(await Promise.all(checks)).toEqual(Array(20).fill(true));
  expect(runs).toHaveBeenCalledTimes(1);
});

test('a refusal always includes a run at our own cost, user or no user', async () => {
  const passwords = await createPasswords();
  for (const stored of [ours, cheap, undefined]) {
    runs.mockClear();
    await passwords.check('alice', 'wrong', stored);
    const costs = runs.mock.calls.map(([, hashed]) => String(hashed).slice(4, 6));
    expect(costs.filter((cost) => cost === '10')).toHaveLength(1);
  }
});

test.each([
  [ours, true],
  [cheap, true],
  ['$2x$05$' + cheap.slice(7), false],
  [cheap.slice(0, -1), false],
  ['$2y$05$' + 'z'.repeat(53), false],
  ['$apr1$abc$def', false],
  ['', false],
])('isPasswordHash(%j) is %s', (text, is) => {
  expect(isPasswordHash(text)).toBe(is);
});
