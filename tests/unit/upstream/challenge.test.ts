import { expect, test } from 'vitest';
import { parseChallenges } from '../../../registry/upstream/challenge.ts';

const bearer = { scheme: 'bearer', params: { realm: 'https://a/t', service: 'r' } };
const basic = { scheme: 'basic', params: { realm: 'x' } };

test.each([
  ['', []],
  ['Bearer realm="https://a/t",service="r"', [bearer]],
  ['bearer Realm = "https://a/t" , SERVICE=r', [bearer]],
  ['Basic realm="x", Bearer realm="https://a/t", service="r"', [basic, bearer]],
  ['Bearer realm="https://a/t",service="r",Basic realm=x', [bearer, basic]],
  [', ,Basic realm="x",', [basic]],
  ['Negotiate', [{ scheme: 'negotiate', params: {} }]],
  ['Negotiate, Basic realm="x"', [{ scheme: 'negotiate', params: {} }, basic]],
  ['Negotiate YWJj/+==, Basic realm="x"', [{ scheme: 'negotiate', params: {} }, basic]],
  [
    'Bearer realm="a, Basic realm=\\"b\\" \\\\",scope="repository:x:pull,push"',
    [{ scheme: 'bearer', params: { realm: 'a, Basic realm="b" \\', scope: 'repository:x:pull,push' } }],
  ],
  ['Bearer realm="https://a/t",realm="https://evil/t",service=r', [bearer]],
  ['Basic realm="x", Bearer realm="not ended', [basic, { scheme: 'bearer', params: {} }]],
  ['Basic realm="x" "stray"', [basic]],
])('%s', (header, challenges) => {
  expect(parseChallenges(header).slice(0, challenges.length)).toEqual(challenges);
});

test('a header without a challenge has none', () => {
  expect(parseChallenges('"quoted" = ;')).toEqual([]);
});
