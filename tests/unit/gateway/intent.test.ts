import { describe, expect, test } from 'vitest';
import { intentOf } from '../../../gateway/external/intent.ts';
import { Pushers } from '../../../gateway/external/pushers.ts';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const token = (claims: unknown): string => `Bearer ${part({ alg: 'ES256' })}.${part(claims)}.c2ln`;
const access = (name: string, ...actions: unknown[]) => ({ access: [{ type: 'repository', name, actions }] });

describe('what credentials say that a request is for', () => {
  test.each<[string, string | undefined, string]>([
    ['nothing at all', undefined, 'unknown'],
    ['a password', 'Basic dTpw', 'unknown'],
    ['an opaque token', 'Bearer DockerToken.1b671a64-40d5-491e-99b0-da01ff1f3341', 'unknown'],
    ['a JWT without access', token({ sub: 'u' }), 'unknown'],
    ['a JWT whose access is no list', token({ access: 'all' }), 'unknown'],
    ['a JWT of something that is no JSON', `Bearer a.${Buffer.from('x').toString('base64url')}.b`, 'unknown'],
    ['a token to pull', token(access('team/app', 'pull')), 'pull'],
    ['a token to push', token(access('team/app', 'pull', 'push')), 'push'],
    ['a token for everything', token(access('team/app', '*')), 'push'],
    ['a token to push something else', token(access('team/other', 'push')), 'pull'],
    ['a token for nothing', token({ access: [] }), 'pull'],
    [
      'a token with strange access',
      token({ access: [null, 7, { name: 'team/app', actions: 'push' }] }),
      'pull',
    ],
    ['a token with a small letter', token(access('team/app', 'push')).replace('Bearer', 'bearer'), 'push'],
  ])('%s', (_, authorization, expected) => {
    expect(intentOf(authorization, 'team/app')).toBe(expected);
  });
});

test('who pushes is known by address, login, program and name together', () => {
  const pushers = new Pushers();
  const from = (authorization: string, agent = 'docker') => ({
    headers: { authorization, 'user-agent': agent },
  });
  pushers.note(from('Basic a'), '10.0.0.1', 'team/app');
  expect(pushers.isPushing(from('Basic a'), '10.0.0.1', 'team/app')).toBe(true);
  expect(pushers.isPushing(from('Basic b'), '10.0.0.1', 'team/app')).toBe(false);
  expect(pushers.isPushing(from('Basic a'), '10.0.0.2', 'team/app')).toBe(false);
  expect(pushers.isPushing(from('Basic a'), '10.0.0.1', 'team/other')).toBe(false);
  expect(pushers.isPushing(from('Basic a', 'podman'), '10.0.0.1', 'team/app')).toBe(false);
});
