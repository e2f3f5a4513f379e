import { BadValue } from './errors.ts';

const form = /^[a-z0-9]+\/[a-z0-9_]+(?:\/[a-z0-9.]+)?$/;

/** `all`, or `os/architecture` or `os/architecture/variant` in the words of Go, as image indexes have them. Throws BadValue. */
export function parsePlatform(text: string): string {
  if (text !== 'all' && !form.test(text)) {
    throw new BadValue(
      'is not a platform; write for example linux/amd64 or linux/arm/v7, or all for every one',
    );
  }
  return text;
}
