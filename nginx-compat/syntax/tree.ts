import type { Lexer, Statement, Word } from './lexer.ts';
import { NginxSyntaxError, type Position } from './position.ts';

/** A directive with its words and, where it has one, its block; what it includes stands in its place. */
export interface Directive {
  readonly name: string;
  readonly args: readonly Word[];
  readonly block?: readonly Directive[];
  readonly at: Position;
}

/** Gives what an `include` brings. */
export type Include = (pattern: Word, at: Position) => readonly Directive[];

/** Nobody nests so deep, and the stack must hold it. */
const deepest = 100;

/** The directives of one file; throws NginxSyntaxError. */
export function readTree(lexer: Lexer, include: Include): Directive[] {
  return readBlock(lexer, include, []);
}

function readBlock(lexer: Lexer, include: Include, openers: readonly Word[]): Directive[] {
  const directives: Directive[] = [];
  for (;;) {
    const statement = lexer.next();
    if (statement.kind === 'close' || statement.kind === 'end') {
      checkEnd(statement, openers.at(-1));
      return directives;
    }
    const [first, ...args] = statement.words;
    if (first === undefined) throw new Error('a statement without words');
    if (first.text === 'include') directives.push(...included(statement, first, include));
    else directives.push({ name: first.text, args, at: first.at, ...blockOf(statement, first) });
  }

  function blockOf({ kind, at }: Statement, opener: Word): { block?: readonly Directive[] } {
    if (kind !== 'open') return {};
    if (opener.text.endsWith('_by_lua_block')) {
      lexer.skipLua();
      return { block: [] };
    }
    if (openers.length >= deepest)
      throw new NginxSyntaxError(`more than ${deepest} blocks in each other`, at);
    return { block: readBlock(lexer, include, [...openers, opener]) };
  }
}

function checkEnd({ kind, at }: Statement, opener: Word | undefined): void {
  if (kind === 'close' && opener === undefined)
    throw new NginxSyntaxError('unexpected "}": no block is open here', at);
  if (kind === 'end' && opener !== undefined)
    throw new NginxSyntaxError(
      `the file ends where "}" is missing: the block "${opener.text}" that begins here is not closed`,
      opener.at,
    );
}

function included({ kind, words }: Statement, { at }: Word, include: Include): readonly Directive[] {
  const [, pattern, more] = words;
  if (kind === 'open') throw new NginxSyntaxError('"include" takes no block and ends with ";"', at);
  if (pattern === undefined || more !== undefined)
    throw new NginxSyntaxError('"include" takes one file name or pattern', at);
  return include(pattern, at);
}
