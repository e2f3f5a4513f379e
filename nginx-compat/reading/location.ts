import type { Directive, Position } from '../parse.ts';
import { patternOf, type Pattern } from './pattern.ts';
import { own, scopeOf, type Scope } from './scope.ts';

/** A `location` block. */
export interface Location {
  readonly modifier: '' | '=' | '^~' | '~' | '~*' | '@';
  /** The prefix, the whole path, the expression, or the name with its `@`. */
  readonly path: string;
  readonly pattern?: Pattern;
  readonly scope: Scope;
  readonly locations: readonly Location[];
  readonly at: Position;
}

/** The locations of a block, in the order of the file. */
export function readLocations(parent: Scope): readonly Location[] {
  return own(parent, 'location').map((directive) => readLocation(directive, parent));
}

function readLocation({ args, block = [], at }: Directive, parent: Scope): Location {
  const { modifier, path } = matcherOf(args.map(({ text }) => text));
  const scope = scopeOf('location', block, at, parent);
  const isPattern = modifier === '~' || modifier === '~*';
  return {
    modifier,
    path,
    ...(isPattern && { pattern: patternOf(path, modifier === '~*') }),
    scope,
    locations: readLocations(scope),
    at,
  };
}

/** nginx takes the modifier as a word of its own or grown together with the path. */
function matcherOf([first = '', second]: readonly string[]): Pick<Location, 'modifier' | 'path'> {
  if (second !== undefined) return { modifier: asModifier(first), path: second };
  if (first.startsWith('@')) return { modifier: '@', path: first };
  const modifier = asModifier(/^(=|\^~|~\*|~)/.exec(first)?.[0] ?? '');
  return { modifier, path: first.slice(modifier.length) };
}

function asModifier(text: string): '' | '=' | '^~' | '~' | '~*' {
  return text === '=' || text === '^~' || text === '~' || text === '~*' ? text : '';
}
