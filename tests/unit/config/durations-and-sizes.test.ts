import { describe, expect, test } from 'vitest';
import { parseCount } from '../../../gateway/config/counts.ts';
import { parseDuration, parseInterval, parsePeriod, parseWait } from '../../../gateway/config/durations.ts';
import { BadValue } from '../../../gateway/config/errors.ts';
import { parseRoom, parseSize } from '../../../gateway/config/sizes.ts';

const units = [86_400_000, 3_600_000, 60_000, 1000, 1];
const letters = ['d', 'h', 'm', 's', 'ms'];

describe('durations', () => {
  test.each([
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['90s', 90_000],
    ['1d', 86_400_000],
    ['250ms', 250],
    ['0s', 0],
    ['1d2h3m4s5ms', 93_784_005],
  ])('%s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test('every combination of units is the sum of its parts', () => {
    for (let mask = 1; mask < 32; mask += 1) {
      const used = letters.map((letter, index) => ({
        letter,
        unit: units[index] ?? 0,
        amount: mask * (index + 3),
      }));
      const parts = used.filter((_, index) => mask & (1 << index));
      const text = parts.map(({ amount, letter }) => `${amount}${letter}`).join('');
      expect(parseDuration(text), text).toBe(parts.reduce((sum, { amount, unit }) => sum + amount * unit, 0));
      if (parts.length > 1) {
        const backwards = parts
          .toReversed()
          .map(({ amount, letter }) => `${amount}${letter}`)
          .join('');
        expect(() => parseDuration(backwards), backwards).toThrow(BadValue);
      }
    }
  });

  test.each(['', '10', '-5m', '1.5h', '10 m', 'm', '1m1m', '10M', '5w', '1h ', '9'.repeat(30) + 'd'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(BadValue);
    },
  );
});

describe('sizes', () => {
  test.each([
    ['500GiB', 500 * 1024 ** 3],
    ['10GB', 10e9],
    ['1MiB', 1_048_576],
    ['512B', 512],
    ['1.5TiB', 1.5 * 1024 ** 4],
    ['2 kB', 2000],
    ['3kib', 3072],
    ['1PB', 1e15],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test('each unit is 1000 or 1024 of the one before', () => {
    for (const [index, unit] of ['K', 'M', 'G', 'T', 'P'].entries()) {
      for (const amount of [0, 1, 7]) {
        expect(parseSize(`${amount}${unit}B`)).toBe(amount * 1000 ** (index + 1));
        expect(parseSize(`${amount}${unit}iB`)).toBe(amount * 1024 ** (index + 1));
      }
    }
  });

  test.each(['', '10', '10G', '-1GB', '1EB', 'GiB', '1,5GB', '1GBs', '9'.repeat(20) + 'PiB'])(
    'refuses %j',
    (text) => {
      expect(() => parseSize(text)).toThrow(BadValue);
    },
  );
});

test.each([
  [parsePeriod, ['1ms', '400d'], ['0s', '0m', 'soon']],
  [parseWait, ['1ms', '24d'], ['0s', '25d', '']],
  [parseInterval, ['1m', '24d'], ['59s', '0s', '25d']],
  [parseRoom, ['1B', '100GiB'], ['0GiB', '0', '10G']],
  [parseCount, ['1', '32', '10000'], ['0', '-1', '1.5', '10001', '99999', '032', '1e3', 'many', '']],
])('%o has its limits', (parse, good, bad) => {
  for (const text of good) expect(parse(text), text).toBeGreaterThan(0);
  for (const text of bad) expect(() => parse(text), text).toThrow(BadValue);
});
