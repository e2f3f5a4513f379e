import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openSqlite, type Metadata } from '../../../registry/metadata/index.ts';

const alice = { name: 'alice', passwordHash: 'first', roles: ['developer'], createdAt: 1 };

let folder: string;
let ours: Metadata;
/** On the same file, as another process would open it: the two share nothing else. */
let theirs: Metadata;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'remembered-answers-'));
  ours = await openSqlite(join(folder, 'metadata.db'));
  theirs = await openSqlite(join(folder, 'metadata.db'));
  await ours.users.add(alice);
});

afterEach(async () => {
  await Promise.all([ours.close(), theirs.close()]);
  await rm(folder, { recursive: true });
});

test('what was read is read anew after a write of our own, in the same turn of the event loop', async () => {
  expect(await ours.users.find('alice')).toMatchObject({ passwordHash: 'first' });
  await ours.users.setPassword('alice', 'second');
  expect(await ours.users.find('alice')).toMatchObject({ passwordHash: 'second' });
});

test('what was read is read anew after a write of another process, from the next turn on', async () => {
  expect(await ours.users.find('alice')).toMatchObject({ passwordHash: 'first' });
  await theirs.users.setPassword('alice', 'second');
  await nextTurn();
  expect(await ours.users.find('alice')).toMatchObject({ passwordHash: 'second' });
});

test('what was not there is found once it is, whoever added it', async () => {
  expect(await ours.users.find('bob')).toBeUndefined();
  await theirs.users.add({ ...alice, name: 'bob' });
  await nextTurn();
  expect(await ours.users.find('bob')).toMatchObject({ name: 'bob' });
  expect(await ours.users.find('carol')).toBeUndefined();
  await ours.users.add({ ...alice, name: 'carol' });
  expect(await ours.users.find('carol')).toMatchObject({ name: 'carol' });
});
