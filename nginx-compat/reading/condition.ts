import type { Directive } from '../parse.ts';
import { expand, matched } from './expand.ts';
import { patternOf } from './pattern.ts';
import { known, Undecidable, type Run } from './run.ts';

/** What stands between the brackets of an `if`. */
interface Condition {
  /** One variable with its `$`; the path for a test of files. */
  readonly left: string;
  /** Empty for a variable alone; else `=`, `!=`, `~`, `~*`, `!~`, `!~*`, or a test of files such as `-f`. */
  readonly operator: string;
  readonly right: string;
}

/** Reads the words of an `if`; undefined for what nginx would refuse. */
function readCondition({ args }: Directive): Condition | undefined {
  const words = args.map(({ text }) => text);
  const [first = '', last = ''] = [words[0], words.at(-1)];
  if (!first.startsWith('(') || !last.endsWith(')')) return undefined;
  words[0] = first.slice(1);
  words[words.length - 1] = (words.at(-1) ?? '').slice(0, -1);
  const [left, operator, right, more] = trimmed(words);
  if (left === undefined || more !== undefined) return undefined;
  if (/^!?-[fdex]$/.test(left)) return { left: operator ?? '', operator: left, right: '' };
  if (!/^\$\w+$/.test(left)) return undefined;
  return { left, operator: operator ?? '', right: right ?? '' };
}

/** A bracket that stands alone leaves an empty word behind, but an empty word in quotes is one to compare with. */
function trimmed(words: readonly string[]): readonly string[] {
  const start = words[0] === '' ? 1 : 0;
  const end = words.at(-1) === '' && words.length - start !== 3 ? -1 : undefined;
  return words.slice(start, end);
}

/**
 * Whether an `if` is entered. No file that it tests is there: such tests are for pages of maintenance. Throws
 * Undecidable.
 */
export function holds(directive: Directive, run: Run): boolean {
  const condition = readCondition(directive);
  if (condition === undefined) throw new Undecidable('the condition is not one of nginx', directive.at);
  const { left, operator, right } = condition;
  if (/^!?-/.test(operator)) return operator.startsWith('!');
  const value = known(expand(left, run), directive.at);
  if (operator === '') return value !== '' && value !== '0';
  if (operator === '=' || operator === '!=')
    return (value === known(expand(right, run), directive.at)) === (operator === '=');
  const pattern = patternOf(right, operator.endsWith('*'));
  if ('unsupported' in pattern) throw new Undecidable(pattern.unsupported, directive.at);
  return matched(run, pattern.regex, value) !== operator.startsWith('!');
}
