import { BadValue } from './errors.ts';

const grammar = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const milliseconds = [86_400_000, 3_600_000, 60_000, 1000, 1];

/** What a timer of Node can be set to; beyond it fires at once. */
const longestWait = 2 ** 31 - 1;

/**
 * Milliseconds of a duration such as `10m`, `1h30m`, `90s`, `1d` or `500ms`: whole numbers, largest unit first.
 * Throws BadValue, also for a number without a unit, which one reader takes for seconds and the next for minutes.
 */
export function parseDuration(text: string): number {
  if (/^\d+$/.test(text)) {
    throw new BadValue(`needs a unit: write ${text}s for seconds, ${text}m for minutes or ${text}d for days`);
  }
  const parts = grammar.exec(text);
  if (parts === null || text === '') {
    throw new BadValue('is not a duration; write for example 90s, 10m, 1h30m or 1d');
  }
  const total = milliseconds.reduce((sum, unit, index) => sum + unit * Number(parts[index + 1] ?? 0), 0);
  if (!Number.isSafeInteger(total)) throw new BadValue('is too long a duration');
  return total;
}

/** A duration that is not 0. Throws BadValue. */
export function parsePeriod(text: string): number {
  const period = parseDuration(text);
  if (period === 0) throw new BadValue('must be longer than 0; take the key out for its default');
  return period;
}

/** A duration that something is waited for: neither 0 nor longer than a timer can run. Throws BadValue. */
export function parseWait(text: string): number {
  const wait = parsePeriod(text);
  if (wait > longestWait) throw new BadValue('is too long to wait; 24d is the most');
  return wait;
}

/** A wait from one round of some work to the next. Throws BadValue. */
export function parseInterval(text: string): number {
  const interval = parseWait(text);
  if (interval < 60_000) throw new BadValue('is too short; 1m is the least');
  return interval;
}
