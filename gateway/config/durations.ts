import { BadValue } from './errors.ts';

const grammar = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const milliseconds = [86_400_000, 3_600_000, 60_000, 1000, 1];

/**
 * Milliseconds of a duration such as `10m`, `1h30m`, `90s`, `1d` or `500ms`: whole numbers, largest unit first.
 * Throws BadValue, also for a number without a unit, which one reader takes for seconds and the next for minutes.
 */
export function parseDuration(text: string): number {
  if (/^\d+$/.test(text)) {
    throw new BadValue(`needs a unit: write ${text}s for seconds or ${text}m for minutes`);
  }
  const parts = grammar.exec(text);
  if (parts === null || text === '') {
    throw new BadValue('is not a duration; write for example 90s, 10m, 1h30m or 1d');
  }
  const total = milliseconds.reduce((sum, unit, index) => sum + unit * Number(parts[index + 1] ?? 0), 0);
  if (!Number.isSafeInteger(total)) throw new BadValue('is too long a duration');
  return total;
}
