import { describe, expect, test } from 'vitest';
import type { Rejected } from '../../../registry/access/authenticate.ts';
import { basicCaller, bearerCaller, nobody, stranger } from '../../../registry/access/callers.ts';
import { createGrants } from '../../../registry/access/grants.ts';
import { guard } from '../../../registry/access/guard.ts';
import { parseScopes } from '../../../registry/access/scopes.ts';
import { errorTable, parseName, parseOperation, type Caller } from '../../../registry/model/index.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const grants = createGrants({
  anonymous: 'none',
  roles: {
    reader: [{ names: ['**'], actions: ['pull'] }],
    pusher: [{ names: ['x'], actions: ['push'] }],
    deleter: [{ names: ['x'], actions: ['delete'] }],
  },
  assign: {},
});

function user(...roles: string[]): Caller {
  return basicCaller({ user: 'bob', roles }, grants);
}

function token(scope = ''): Caller {
  return bearerCaller({ user: 'bob', access: parseScopes([scope]) }, { sees: () => true, isAdmin: false });
}

const anonymous = bearerCaller({ user: undefined, access: [] }, { sees: () => true, isAdmin: false });

function summary(request: string, sender: Caller | Rejected): string {
  const [method = '', url = ''] = request.split(' ');
  const verdict = guard(parseOperation(method, url), sender);
  if ('admit' in verdict) return 'ok';
  const { status } = errorTable[verdict.refuse.kind];
  return [status, verdict.scope ?? '-', verdict.error ?? '-'].join(' ');
}

/** Each request with the scope that it needs, and what exactly is enough for it. */
const requests: readonly [request: string, scope: string, enough: string, role: string][] = [
  ['GET /v2/x/manifests/1', 'repository:x:pull', 'repository:x:pull', 'reader'],
  ['HEAD /v2/x/manifests/1', 'repository:x:pull', 'repository:x:pull', 'reader'],
  [`GET /v2/x/blobs/${digest}`, 'repository:x:pull', 'repository:x:pull', 'reader'],
  [`HEAD /v2/x/blobs/${digest}`, 'repository:x:pull', 'repository:x:pull', 'reader'],
  ['GET /v2/x/tags/list', 'repository:x:pull', 'repository:x:pull', 'reader'],
  [`GET /v2/x/referrers/${digest}`, 'repository:x:pull', 'repository:x:pull', 'reader'],
  ['PUT /v2/x/manifests/1', 'repository:x:pull,push', 'repository:x:push', 'pusher'],
  ['POST /v2/x/blobs/uploads/', 'repository:x:pull,push', 'repository:x:push', 'pusher'],
  [
    `POST /v2/x/blobs/uploads/?mount=${digest}&from=y`,
    'repository:x:pull,push',
    'repository:x:push',
    'pusher',
  ],
  ['GET /v2/x/blobs/uploads/1', 'repository:x:pull,push', 'repository:x:push', 'pusher'],
  ['PATCH /v2/x/blobs/uploads/1', 'repository:x:pull,push', 'repository:x:push', 'pusher'],
  [`PUT /v2/x/blobs/uploads/1?digest=${digest}`, 'repository:x:pull,push', 'repository:x:push', 'pusher'],
  ['DELETE /v2/x/blobs/uploads/1', 'repository:x:pull,push', 'repository:x:push', 'pusher'],
  ['DELETE /v2/x/manifests/1', 'repository:x:delete', 'repository:x:delete', 'deleter'],
  [`DELETE /v2/x/blobs/${digest}`, 'repository:x:delete', 'repository:x:delete', 'deleter'],
  ['GET /v2/_catalog', 'registry:catalog:*', 'registry:catalog:*', 'reader'],
  ['GET /v1/search?q=x', 'registry:catalog:*', 'registry:catalog:*', 'reader'],
];

describe.each(requests)('%s', (request, scope, enough, role) => {
  const others = [
    'repository:x:pull',
    'repository:x:push',
    'repository:x:delete',
    'registry:catalog:*',
    'repository:y:pull,push,delete',
  ].filter((other) => other !== enough);

  test.each<[string, Caller | Rejected, string]>([
    ['nobody', nobody, `401 ${scope} -`],
    ['a token without access', token(), `401 ${scope} insufficient_scope`],
    ['an anonymous token without access', anonymous, `401 ${scope} insufficient_scope`],
    ['a token for everything else', token(others.join(' ')), `401 ${scope} insufficient_scope`],
    ['a token for it', token(enough), 'ok'],
    ['a user who may', user(role), 'ok'],
    ['a user who may do nothing', user('ghost'), '403 - -'],
    ['a bad token', { rejected: 'bearer', reason: 'x' }, `401 ${scope} invalid_token`],
    ['a wrong password', { rejected: 'basic', reason: 'x' }, `401 ${scope} -`],
    ['a malformed header', { rejected: 'malformed', reason: 'x' }, `401 ${scope} -`],
  ])('%s', (_, sender, expected) => {
    expect(summary(request, sender)).toBe(expected);
  });
});

test.each<[string, Caller | Rejected, string]>([
  ['GET /v2/', nobody, '401 - -'],
  ['GET /v2/', token(), 'ok'],
  ['GET /v2/', anonymous, 'ok'],
  ['GET /v2/', user('ghost'), 'ok'],
  ['GET /v2/', { rejected: 'bearer', reason: 'x' }, '401 - invalid_token'],
  ['GET /v2/', { rejected: 'basic', reason: 'x' }, '401 - -'],
  ['GET /v2/token', nobody, 'ok'],
  ['POST /v2/token', { rejected: 'basic', reason: 'x' }, 'ok'],
  ['GET /v1/_ping', nobody, 'ok'],
])('%s (%#)', (request, sender, expected) => {
  expect(summary(request, sender)).toBe(expected);
});

test('with open operations bad credentials are nobody', () => {
  const verdict = guard(parseOperation('GET', '/v1/_ping'), { rejected: 'basic', reason: 'x' });
  expect(verdict).toEqual({ admit: nobody });
});

describe('a search without credentials', () => {
  const search = parseOperation('GET', '/v1/search?q=x');
  const anybody = stranger(createGrants({ anonymous: 'pull', roles: {}, assign: {} }));

  test("is the stranger's, who sees what anonymous callers may pull", () => {
    expect(guard(search, nobody, anybody)).toEqual({ admit: anybody });
    expect(anybody).toMatchObject({ by: 'none', mayList: true, isAdmin: false });
    expect(anybody.maySee(parseName('x'))).toBe(true);
    expect(anybody.may('pull', parseName('x'))).toBe(false);
  });

  test('is refused where anonymous callers may pull nothing', () => {
    const nothing = stranger(createGrants({ anonymous: 'none', roles: {}, assign: {} }));
    expect(guard(search, nobody, nothing)).toMatchObject({ refuse: { kind: 'unauthorized' } });
  });

  test('stays the only thing that a stranger may do, and bad credentials are not none', () => {
    for (const path of ['/v2/', '/v2/_catalog', '/v2/x/tags/list', '/v2/x/manifests/1'])
      expect(guard(parseOperation('GET', path), nobody, anybody)).toHaveProperty('refuse');
    expect(guard(search, { rejected: 'basic', reason: 'x' }, anybody)).toHaveProperty('refuse');
  });
});

test('says what is missing in words that clients know and print', () => {
  const put = parseOperation('PUT', '/v2/x/manifests/1');
  const say = (sender: Caller | Rejected): (string | undefined)[] => {
    const verdict = guard(put, sender);
    return 'admit' in verdict ? [] : [verdict.refuse.message, verdict.description];
  };
  expect(say(nobody)).toEqual(['authentication required', undefined]);
  const bob = 'the user bob may not push x';
  expect(say(token())).toEqual([`authentication required: ${bob}`, bob]);
  expect(say(anonymous)).toEqual(['authentication required: log in to push x', 'log in to push x']);
  expect(say(user('ghost'))).toEqual([`requested access to the resource is denied: ${bob}`, undefined]);
  expect(say({ rejected: 'bearer', reason: 'late' })).toEqual(['authentication required: late', 'late']);
});
