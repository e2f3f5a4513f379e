import { describe, expect, test } from 'vitest';
import { canBeOrdered } from '../../../certs/index.ts';
import { explainName } from '../../../certs/acme/explain.ts';
import { setbackAfter, type Setback } from '../../../certs/acme/setback.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The pauses after failures in a row, in minutes. */
function pauses(times: number, how: { isJudged: boolean; retryAt?: number }): number[] {
  let before: Setback | undefined;
  return Array.from({ length: times }, () => {
    before = setbackAfter(before, 'idocker.test', { retryAt: undefined, ...how }, 'why', 0);
    return before.until / MINUTE;
  });
}

describe('after a failure', () => {
  test('the pause doubles up to half a day where the server has judged', () => {
    expect(pauses(10, { isJudged: true })).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 720, 720]);
  });

  test('it is shorter where nobody has counted, and an hour at most', () => {
    expect(pauses(9, { isJudged: false })).toEqual([0.5, 1, 2, 4, 8, 16, 32, 60, 60]);
    expect(pauses(1_100, { isJudged: false }).at(-1)).toBe(60);
  });

  test('it is as long as the server wishes, but no longer than a week', () => {
    expect(pauses(2, { isJudged: true, retryAt: 3 * 60 * MINUTE })).toEqual([180, 180]);
    expect(pauses(1, { isJudged: true, retryAt: -5 })).toEqual([5]);
    expect(pauses(1, { isJudged: true, retryAt: 400 * DAY })).toEqual([7 * 24 * 60]);
  });

  test('of something else the count begins anew', () => {
    const before = { of: 'idocker.test', count: 7, until: 0, reason: '' };
    const judged = { isJudged: true, retryAt: undefined };
    expect(setbackAfter(before, 'other.test', judged, '', 0)).toMatchObject({ count: 1, until: 5 * MINUTE });
  });
});

test.each([
  ['idocker.io', true, true],
  ['a.b.example.org', true, true],
  ['registry', false, true],
  ['localhost', false, false],
  ['a.localhost', false, false],
  ['*.example.org', false, false],
  ['10.0.0.1', false, false],
  ['::1', false, false],
])(
  '%s can be ordered: from a public authority %s, from a private one %s',
  (name, fromPublic, fromPrivate) => {
    expect(canBeOrdered(name, { isPrivate: false })).toBe(fromPublic);
    expect(canBeOrdered(name, { isPrivate: true })).toBe(fromPrivate);
  },
);

test.each([
  [
    'connection',
    80,
    /could not fetch http:\/\/a\.test\/\.well-known\/acme-challenge\/ \(why\): port 80 of a\.test must reach this machine/,
  ],
  ['connection', 8080, /: port 80 of a\.test must reach port 8080 of this machine from where/],
  [
    'unauthorized',
    80,
    /^somebody else answers http:\/\/a\.test\/.* \(why\): port 80 of a\.test must reach this machine/,
  ],
  ['dns', 80, /found no address of a\.test \(why\): give it a DNS record/],
  ['caa', 80, /the CAA record of a\.test keeps acme\.test from issuing/],
])('a validation that failed with %s is explained', (type, port, words) => {
  const settings = {
    server: new URL('https://acme.test/dir'),
    email: undefined,
    ca: undefined,
    externalAccount: undefined,
    port,
    proxyFor: () => undefined,
  };
  expect(explainName(settings, 'a.test', { type, detail: 'why' })).toMatch(words);
});
