import { expect, test } from 'vitest';
import { readChallenges } from '../../../doctor/challenge.ts';

test.each([
  [undefined, []],
  ['Basic realm="x"', [{ scheme: 'basic', parameters: { realm: 'x' } }]],
  [
    'Bearer realm="https://a/token",service="s",scope="repository:a/b:pull,push"',
    [
      {
        scheme: 'bearer',
        parameters: { realm: 'https://a/token', service: 's', scope: 'repository:a/b:pull,push' },
      },
    ],
  ],
  [
    'Bearer realm="Basic x=1, Digest y=2" , BASIC Realm=plain',
    [
      { scheme: 'bearer', parameters: { realm: 'Basic x=1, Digest y=2' } },
      { scheme: 'basic', parameters: { realm: 'plain' } },
    ],
  ],
  [
    'Bearer realm="a \\"quoted\\" \\\\ word"',
    [{ scheme: 'bearer', parameters: { realm: 'a "quoted" \\ word' } }],
  ],
  [
    'Negotiate, Basic realm="x"',
    [
      { scheme: 'negotiate', parameters: {} },
      { scheme: 'basic', parameters: { realm: 'x' } },
    ],
  ],
])('%j', (header, challenges) => {
  expect(readChallenges(header)).toEqual(challenges);
});
