import type { Directive, Position } from '../parse.ts';
import { patternOf, type Pattern } from './pattern.ts';

/** One line of a `map`. */
export interface MapEntry {
  readonly match: string;
  /** May have variables. */
  readonly value: string;
  readonly pattern?: Pattern;
  readonly at: Position;
}

/** A `map` block. */
export interface NginxMap {
  /** Without `$`. */
  readonly variable: string;
  /** May have text around its variables. */
  readonly source: string;
  readonly entries: readonly MapEntry[];
  readonly standard: MapEntry | undefined;
  readonly hostnames: boolean;
  readonly at: Position;
}

/** Reads a `map` block. */
export function readMap({ args, block = [], at }: Directive): NginxMap {
  const flags = new Set(block.filter((each) => each.args.length === 0).map(({ name }) => name));
  const lines = block.filter((each) => each.args.length > 0);
  return {
    variable: args[1]?.text.replace(/^\$/, '') ?? '',
    source: args[0]?.text ?? '',
    entries: lines.filter(({ name }) => name !== 'default').map(readEntry),
    standard: lines.filter(({ name }) => name === 'default').map(readEntry)[0],
    hostnames: flags.has('hostnames'),
    at,
  };
}

function readEntry({ name, args, at }: Directive): MapEntry {
  const value = args[0]?.text ?? '';
  if (!name.startsWith('~'))
    return { match: name.replace(/^\\(?=default$|hostnames$|include$|volatile$|~)/, ''), value, at };
  const ignoreCase = name.startsWith('~*');
  return { match: name, value, pattern: patternOf(name.slice(ignoreCase ? 2 : 1), ignoreCase), at };
}
