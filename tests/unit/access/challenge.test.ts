import { expect, test } from 'vitest';
import { challenge } from '../../../registry/access/challenge.ts';

const realm = 'https://idocker.io/v2/token';

test.each([
  [{ realm }, `Bearer realm="${realm}",service="dockgate"`],
  [
    { realm, scope: 'repository:x:pull,push', error: 'insufficient_scope', description: 'log in to push x' },
    `Bearer realm="${realm}",service="dockgate",scope="repository:x:pull,push",error="insufficient_scope",error_description="log in to push x"`,
  ],
  [
    { realm, description: 'the user a"b\\c may not' },
    `Bearer realm="${realm}",service="dockgate",error_description="the user a\\"b\\\\c may not"`,
  ],
  [
    { realm: 'https://x"\r\nSet-Cookie: a/v2/token' },
    'Bearer realm="https://x\\"??Set-Cookie: a/v2/token",service="dockgate"',
  ],
  [{ realm, description: 'jürgen' }, `Bearer realm="${realm}",service="dockgate",error_description="j?rgen"`],
])('%j', (parts, value) => {
  expect(challenge(parts)).toBe(value);
});
