import { BadValue } from './errors.ts';

const grammar = /^(\d+(?:\.\d+)?) ?(?:([kmgtp])(i?))?b$/i;
const letters = ['k', 'm', 'g', 't', 'p'];

/**
 * Bytes of a size such as `500GiB` (powers of 1024), `10GB` (powers of 1000) or `512B`.
 * Throws BadValue, also for a number without a unit and for `10G`, which may mean either power.
 */
export function parseSize(text: string): number {
  const parts = grammar.exec(text);
  if (parts === null) throw new BadValue(advice(text));
  const [, amount = '0', letter = '', binary = ''] = parts;
  const power = letters.indexOf(letter.toLowerCase()) + 1;
  const bytes = Math.round(Number(amount) * (binary === '' ? 1000 : 1024) ** power);
  if (!Number.isSafeInteger(bytes)) throw new BadValue('is too large a size');
  return bytes;
}

function advice(text: string): string {
  if (/^\d+$/.test(text)) return `needs a unit: write for example ${text}GiB`;
  const short = /^(\d+(?:\.\d+)?)([kmgtp])$/i.exec(text);
  if (short === null) return 'is not a size; write for example 500GiB, 10GB or 64MiB';
  const [, amount = '', letter = ''] = short;
  const unit = letter.toUpperCase();
  return `may mean two sizes: write ${amount}${unit}iB (powers of 1024) or ${amount}${unit}B (powers of 1000)`;
}

/** A size that something fits into. Throws BadValue. */
export function parseRoom(text: string): number {
  const bytes = parseSize(text);
  if (bytes === 0)
    throw new BadValue('leaves no room; write for example 100GiB, or take the key out for no limit');
  return bytes;
}
