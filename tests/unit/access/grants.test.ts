import { describe, expect, test } from 'vitest';
import { createGrants, type GrantSettings } from '../../../registry/access/grants.ts';
import { namePattern } from '../../../registry/model/name-pattern.ts';
import { parseName, type Action } from '../../../registry/model/index.ts';

test.each([
  ['**', 'a', true],
  ['**', 'a/b/c', true],
  ['*', 'a', true],
  ['*', 'a/b', false],
  ['team/**', 'team/a', true],
  ['team/**', 'team/a/b', true],
  ['team/**', 'team', false],
  ['team/**', 'teams/a', false],
  ['team/**', 'x/team/a', false],
  ['team/*', 'team/a', true],
  ['team/*', 'team/a/b', false],
  ['team/*', 'team', false],
  ['team/app-*', 'team/app-1', true],
  ['team/app-*', 'team/app-1/x', false],
  ['team/app-*', 'team/web', false],
  ['**/cache', 'cache', true],
  ['**/cache', 'a/b/cache', true],
  ['**/cache', 'a/mycache', false],
  ['a/**/z', 'a/z', true],
  ['a/**/z', 'a/b/c/z', true],
  ['a/**/z', 'a/b/c', false],
  ['**/**/x', 'a/x', true],
  ['a.b', 'a.b', true],
  ['a.b', 'a-b', false],
  ['nginx', 'nginx', true],
  ['nginx', 'nginx/x', false],
])('pattern %s fits %s: %s', (pattern, name, fits) => {
  expect(namePattern(pattern)(parseName(name))).toBe(fits);
});

const plain: GrantSettings = { anonymous: 'none', roles: {}, assign: {} };
const open: GrantSettings = { ...plain, anonymous: 'pull' };
const withRoles: GrantSettings = {
  anonymous: 'none',
  roles: {
    developer: [
      { names: ['team/**'], actions: ['pull', 'push'] },
      { names: ['**'], actions: ['pull'] },
    ],
    cleaner: [{ names: ['tmp/*', 'old/**'], actions: ['delete'] }],
    lead: [{ names: ['team/**'], actions: ['admin'] }],
    official: [{ names: ['library/**'], actions: ['pull', 'push'] }],
  },
  assign: { alice: ['developer'] },
};

type Row = [GrantSettings, string | undefined, string[], Action, string, boolean];

describe('may', () => {
  test.each<[string, ...Row]>([
    ['anonymous: none', plain, undefined, [], 'pull', 'x', false],
    ['anonymous: pull', open, undefined, [], 'pull', 'x', true],
    ['anonymous: pull is no push', open, undefined, [], 'push', 'x', false],
    ['anonymous: pull is no delete', open, undefined, [], 'delete', 'x', false],
    ['nothing configured: a user pulls', plain, 'bob', [], 'pull', 'x/y', true],
    ['nothing configured: a user pushes', plain, 'bob', [], 'push', 'x/y', true],
    ['nothing configured: a user deletes', plain, 'bob', [], 'delete', 'x/y', true],
    ['admin', plain, 'root', ['admin'], 'delete', 'x', true],
    ['admin beside configured roles', withRoles, 'root', ['admin'], 'push', 'x', true],
    ['roles configured: a user without one', withRoles, 'bob', [], 'pull', 'x', false],
    ['only assign configured', { ...plain, assign: { al: ['x'] } }, 'bob', [], 'pull', 'x', false],
    ['a role of the user record, nothing configured', plain, 'bob', ['ghost'], 'pull', 'x', false],
    ['a role that is not defined', withRoles, 'bob', ['ghost'], 'pull', 'x', false],
    ['a role named as a property of objects', withRoles, 'bob', ['constructor'], 'pull', 'x', false],
    ['assigned role', withRoles, 'alice', [], 'push', 'team/x', true],
    ['assigned role, other name', withRoles, 'alice', [], 'push', 'x', false],
    ['assigned role, second grant', withRoles, 'alice', [], 'pull', 'x', true],
    ['assigned role has no delete', withRoles, 'alice', [], 'delete', 'team/x', false],
    ['own and assigned role together', withRoles, 'alice', ['cleaner'], 'delete', 'old/x/y', true],
    ['own and assigned role together', withRoles, 'alice', ['cleaner'], 'push', 'team/x', true],
    ['a delete is no pull', withRoles, 'bob', ['cleaner'], 'pull', 'old/x', false],
    ['admin of some names', withRoles, 'bob', ['lead'], 'delete', 'team/x', true],
    ['admin of some names only', withRoles, 'bob', ['lead'], 'pull', 'x', false],
    ['users may what anonymous may', { ...withRoles, anonymous: 'pull' }, 'bob', ['lead'], 'pull', 'x', true],
    ['users without a role too', { ...withRoles, anonymous: 'pull' }, 'bob', [], 'pull', 'x', true],
    ['x is library/x when pulled', withRoles, 'bob', ['official'], 'pull', 'nginx', true],
    ['x is not library/x when pushed', withRoles, 'bob', ['official'], 'push', 'nginx', false],
    ['a/x has no second name', withRoles, 'bob', ['official'], 'pull', 'a/nginx', false],
  ])('%s (%#)', (_, settings, user, own, action, name, may) => {
    const grants = createGrants(settings);
    const identity = user === undefined ? undefined : { user, roles: grants.rolesOf(user, own) };
    expect(grants.may(identity, action, parseName(name))).toBe(may);
  });
});

test('the configuration cannot take the admin role away', () => {
  const grants = createGrants({ ...plain, roles: { admin: [] } });
  expect(grants.may({ user: 'root', roles: ['admin'] }, 'push', parseName('x'))).toBe(true);
});

test('a user named as a property of objects has no roles by that', () => {
  expect(createGrants(withRoles).rolesOf('constructor', [])).toEqual([]);
});

test.each([
  [plain, undefined, false],
  [open, undefined, true],
  [plain, [], true],
  [withRoles, [], false],
  [withRoles, ['developer'], true],
  [withRoles, ['cleaner'], false],
  [withRoles, ['lead'], true],
])('mayList (%#)', (settings, roles, may) => {
  expect(createGrants(settings).mayList(roles && { user: 'u', roles })).toBe(may);
});

test.each([
  [plain, undefined, false],
  [open, undefined, false],
  [plain, [], false],
  [withRoles, ['developer'], false],
  [withRoles, ['admin'], true],
])('isAdmin (%#)', (settings, roles, is) => {
  expect(createGrants(settings).isAdmin(roles && { user: 'u', roles })).toBe(is);
});
