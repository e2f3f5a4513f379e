import { expect, test } from 'vitest';
import { Breaker, type Pause } from '../../../registry/upstream/breaker.ts';

/** A breaker that tolerates less than three failures in a row, its clock, and the pauses that it has told of. */
function setUp(tolerance = 3) {
  const clock = { now: 5000 };
  const pauses: Pause<string>[] = [];
  const breaker = new Breaker<string>({
    now: () => clock.now,
    tolerance,
    onPause: (pause) => pauses.push(pause),
  });
  const fail = (fault = 'fault', wish?: number): void => {
    breaker.begin().failed(fault, wish);
  };
  /** Lengths of the pauses so far, for as long as the clock stands still. */
  const lengths = (): number[] => pauses.map(({ until }) => until - clock.now);
  const current = (): Pause<string> => {
    if (!breaker.pause) throw new Error('there is no pause');
    return breaker.pause;
  };
  return { breaker, clock, pauses, fail, lengths, current };
}

test('the third failure in a row begins a pause of a second, for that failure', () => {
  const { breaker, pauses, fail } = setUp();
  fail('first');
  fail('second');
  expect([breaker.pause, breaker.failures]).toEqual([undefined, 2]);
  fail('third');
  expect(breaker.pause).toEqual({ until: 6000, fault: 'third' });
  expect(pauses).toEqual([breaker.pause]);
});

test('a success in between begins the count anew', () => {
  const { breaker, fail } = setUp();
  fail();
  fail();
  breaker.begin().succeeded();
  fail();
  fail();
  expect([breaker.pause, breaker.failures]).toEqual([undefined, 2]);
});

test('an attempt that was given up is neither', () => {
  const { breaker, fail } = setUp();
  fail();
  fail();
  breaker.begin();
  expect(breaker.failures).toBe(2);
  fail();
  expect(breaker.pause).toBeDefined();
});

test('a pause lasts beyond its time until somebody has looked', () => {
  const { breaker, clock, fail, current } = setUp(1);
  fail();
  clock.now += 3_600_000;
  expect(breaker.pause).toBeDefined();
  breaker.resume(current());
  expect([breaker.pause, breaker.failures]).toEqual([undefined, 0]);
});

test('each pause is twice as long as the one before, up to a minute, with the last fault', () => {
  const { breaker, fail, lengths, current } = setUp();
  for (let failure = 0; failure < 3; failure += 1) fail();
  for (let probe = 1; probe <= 8; probe += 1) breaker.prolong(current(), `probe ${probe}`);
  expect(lengths()).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(current().fault).toBe('probe 8');
});

test('what only seemed to work again gets its three failures, and then the longer pause', () => {
  const { breaker, fail, lengths, current } = setUp();
  for (let failure = 0; failure < 3; failure += 1) fail();
  breaker.resume(current());
  fail();
  fail();
  expect(breaker.pause).toBeUndefined();
  fail();
  expect(lengths()).toEqual([1000, 2000]);
});

test('a success makes the next pause short again', () => {
  const { breaker, fail, lengths, current } = setUp(1);
  fail();
  breaker.prolong(current(), 'fault');
  breaker.resume(current());
  breaker.begin().succeeded();
  fail();
  expect(lengths()).toEqual([1000, 2000, 1000]);
});

test('a success of what was under way ends a pause', () => {
  const { breaker, fail } = setUp(1);
  const attempt = breaker.begin();
  fail();
  attempt.succeeded();
  expect([breaker.pause, breaker.failures]).toEqual([undefined, 0]);
});

test('of a hundred that fail together, there is one pause', () => {
  const { breaker, lengths, current } = setUp();
  const attempts = Array.from({ length: 100 }, () => breaker.begin());
  for (const attempt of attempts.slice(0, 50)) attempt.failed('fault');
  expect(lengths()).toEqual([1000]);
  breaker.resume(current());
  for (const attempt of attempts.slice(50)) attempt.failed('late');
  expect([lengths(), breaker.pause, breaker.failures]).toEqual([[1000], undefined, 0]);
});

test.each([
  ['shorter than our own pause', 500, 1000],
  ['longer', 7000, 7000],
  ['longer than a minute', 200_000, 200_000],
  ['a day', 86_400_000, 300_000],
])('a wish to be left alone: %s', (_, wish, length) => {
  const { breaker, fail, lengths, current } = setUp(1);
  fail('fault', wish);
  expect(lengths()).toEqual([length]);
  breaker.prolong(current(), 'fault', wish);
  expect(lengths()[1]).toBe(Math.max(2000, length));
});

test('who looks after a pause that is over changes nothing', () => {
  const { breaker, fail, pauses, current } = setUp(1);
  fail();
  const old = current();
  breaker.begin().succeeded();
  fail();
  breaker.resume(old);
  breaker.prolong(old, 'fault');
  expect(breaker.pause).toBe(pauses[1]);
  expect(pauses).toHaveLength(2);
});

test('with endless tolerance there is no pause', () => {
  const { breaker, fail } = setUp(Infinity);
  for (let failure = 0; failure < 1000; failure += 1) fail();
  expect([breaker.pause, breaker.failures]).toEqual([undefined, 1000]);
});
