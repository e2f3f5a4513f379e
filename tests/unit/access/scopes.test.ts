import { expect, test } from 'vitest';
import { createGrants } from '../../../registry/access/grants.ts';
import { formatScope, grantScopes, parseScopes } from '../../../registry/access/scopes.ts';

test.each<[string, string[], string[]]>([
  ['one', ['repository:x:pull'], ['repository:x:pull']],
  ['docker, pushing', ['repository:tk/docker:push,pull'], ['repository:tk/docker:pull,push']],
  [
    'containerd: one list with a duplicate',
    ['repository:tk/ctr:pull repository:tk/ctr:pull,push repository:tr/docker:pull'],
    ['repository:tk/ctr:pull,push', 'repository:tr/docker:pull'],
  ],
  [
    'several parameters',
    ['repository:a:pull', 'repository:b:push'],
    ['repository:a:pull', 'repository:b:push'],
  ],
  ['skopeo: *', ['repository:x:*'], ['repository:x:pull,push,delete']],
  ['* among others', ['repository:x:pull,*'], ['repository:x:pull,push,delete']],
  ['oras: delete', ['repository:x:delete,pull'], ['repository:x:pull,delete']],
  ['a class', ['repository(plugin):x/y:pull'], ['repository:x/y:pull']],
  ['the catalog', ['registry:catalog:*'], ['registry:catalog:*']],
  ['the catalog twice', ['registry:catalog:*', 'registry:catalog:*'], ['registry:catalog:*']],
  [
    'a dot in the first component',
    ['repository:quay.io/coreos/etcd:pull'],
    ['repository:quay.io/coreos/etcd:pull'],
  ],
  ['a host with a port is no name', ['repository:localhost:5000/x:pull'], []],
  ['capitals', ['repository:X:pull'], []],
  ['no name', ['repository::pull', 'registry::pull'], []],
  ['another resource', ['registry:other:*', 'plugin:x:pull', 'x', '', '::', 'repository:x'], []],
  ['administration', ['registry:admin:*'], ['registry:admin:*']],
  ['the catalog without *', ['registry:catalog:pull'], []],
  ['bad ones between good ones', ['repository:A:pull repository:b:pull'], ['repository:b:pull']],
  ['unknown actions', ['repository:x:pull,fly'], ['repository:x:pull']],
  ['spaces', ['  repository:x:pull   repository:y:pull '], ['repository:x:pull', 'repository:y:pull']],
  ['a name called __proto__', ['repository:__proto__:pull'], []],
])('reads %s', (_, parameters, scopes) => {
  expect(parseScopes(parameters).map(formatScope)).toEqual(scopes);
});

test('takes the first 24 names, and more actions on those', () => {
  const many = Array.from({ length: 1000 }, (_, at) => `repository:n${at}:pull`);
  const scopes = parseScopes([...many, 'repository:n0:push']);
  expect(scopes).toHaveLength(24);
  expect(scopes[0]).toEqual({ type: 'repository', name: 'n0', actions: ['pull', 'push'] });
});

const settings = {
  anonymous: 'pull',
  roles: { dev: [{ names: ['team/**'], actions: ['push', 'pull'] }] },
  assign: {},
} as const;

test.each<[string, string[] | undefined, string, string]>([
  ['all of it', ['dev'], 'repository:team/x:pull,push', 'repository:team/x:pull,push'],
  ['the allowed part', ['dev'], 'repository:team/x:*', 'repository:team/x:pull,push'],
  ['the allowed entries', ['dev'], 'repository:team/x:push repository:y:push', 'repository:team/x:push'],
  ['nothing', ['dev'], 'repository:y:push', ''],
  ['an action that is not known', ['dev'], 'repository:team/x:fly', ''],
  ['a list', ['dev'], 'registry:catalog:*', 'registry:catalog:*'],
  ['anonymous: the pull', undefined, 'repository:y:pull,push', 'repository:y:pull'],
  ['administration', ['admin'], 'registry:admin:*', 'registry:admin:*'],
  ['administration, which is no right of developers', ['dev'], 'registry:admin:*', ''],
  ['anonymous: the list', undefined, 'registry:catalog:*', 'registry:catalog:*'],
  ['admin', ['admin'], 'repository:y:*', 'repository:y:pull,push,delete'],
])('grants %s', (_, roles, asked, granted) => {
  const identity = roles && { user: 'u', roles };
  const access = grantScopes(parseScopes([asked]), identity, createGrants(settings));
  expect(access.map(formatScope).join(' ')).toBe(granted);
});

test('grants no list to whom nothing is to be pulled', () => {
  const grants = createGrants({ ...settings, anonymous: 'none' });
  expect(grantScopes(parseScopes(['registry:catalog:*']), { user: 'u', roles: [] }, grants)).toEqual([]);
});
