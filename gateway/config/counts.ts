import { BadValue } from './errors.ts';

/** A number of things, from 1 to 10,000. Throws BadValue. */
export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,4}$/.test(text) || Number(text) > 10_000) {
    throw new BadValue('is not a count; write a whole number from 1 to 10000');
  }
  return Number(text);
}
