import { dirname, isAbsolute, join, normalize } from 'node:path/posix';
import { contextOf, type Context } from './context.ts';
import type { NginxFiles } from './files.ts';
import { Lexer, type Word } from './syntax/lexer.ts';
import { NginxSyntaxError, type Position } from './syntax/position.ts';
import { Source } from './syntax/source.ts';
import { readTree, type Directive } from './syntax/tree.ts';

export type { NginxFiles } from './files.ts';
export type { Word } from './syntax/lexer.ts';
export { NginxSyntaxError, type Position } from './syntax/position.ts';
export type { Directive } from './syntax/tree.ts';

/** Something that does not end the reading, yet that somebody must hear of. */
export interface Problem {
  readonly at: Position;
  readonly message: string;
}

/** An `include` and the files that it brought; none for a pattern that matches nothing. */
export interface Included {
  readonly pattern: string;
  readonly files: readonly string[];
  readonly at: Position;
}

/** What a file and those that it includes say. */
export interface Parsed {
  /** Includes are replaced by what they bring. */
  readonly directives: readonly Directive[];
  /** Which block the directives are the inside of. */
  readonly context: Context;
  /** In the order in which they were read, as named; the main file first. A file may come twice. */
  readonly files: readonly string[];
  readonly includes: readonly Included[];
  readonly problems: readonly Problem[];
}

/** More than anybody has, and less than files that include each other twice at every step would bring. */
const limits = { depth: 50, files: 5_000, characters: 64 * 1024 * 1024 };

/**
 * Reads a file and those that it includes, as nginx does: relative names are below the folder of the main file. A
 * file that is missing is a problem. Throws NginxSyntaxError for what nginx would not start with: broken syntax,
 * files that include themselves, and a main file that is not there.
 */
export function parseNginx(file: string, files: NginxFiles): Parsed {
  const parsing = new Parsing(file, files);
  const directives = parsing.readMain();
  const { read, includes, problems } = parsing;
  return { directives, context: contextOf(directives), files: read, includes, problems };
}

class Parsing {
  readonly read: string[] = [];
  readonly includes: Included[] = [];
  readonly problems: Problem[] = [];
  readonly #main: string;
  readonly #files: NginxFiles;
  readonly #open: string[] = [];
  #characters = 0;

  constructor(main: string, files: NginxFiles) {
    this.#main = main;
    this.#files = files;
  }

  readMain(): Directive[] {
    const start = { file: this.#main, line: 1, column: 1 };
    const directives = this.#readFile(this.#main, start);
    if (directives === undefined)
      throw new NginxSyntaxError('there is no such file, or it cannot be read', start);
    return directives;
  }

  /** Undefined when there is no such file. */
  #readFile(path: string, from: Position): Directive[] | undefined {
    this.#checkRoom(path, from);
    const text = this.#files.read(path);
    if (text === undefined) return undefined;
    this.#characters += text.length;
    if (this.#characters > limits.characters)
      throw new NginxSyntaxError(`the files are larger than ${limits.characters >> 20} MiB together`, from);
    this.read.push(path);
    this.#open.push(path);
    const source = new Source(path, this.#withoutMark(text, path));
    const directives = readTree(new Lexer(source), (pattern, at) => this.#include(pattern, at));
    this.#open.pop();
    return directives;
  }

  #checkRoom(path: string, from: Position): void {
    if (this.#open.includes(path)) throw new NginxSyntaxError(`"${path}" includes itself`, from);
    if (this.#open.length > limits.depth)
      throw new NginxSyntaxError(`more than ${limits.depth} files include each other`, from);
    if (this.read.length >= limits.files)
      throw new NginxSyntaxError(`more than ${limits.files} files are included`, from);
  }

  #withoutMark(text: string, file: string): string {
    if (!text.startsWith('\uFEFF')) return text;
    const message =
      'the file begins with a byte order mark, which nginx takes for part of the first word: save it as UTF-8 without BOM';
    this.problems.push({ at: { file, line: 1, column: 1 }, message });
    return text.slice(1);
  }

  #include({ text }: Word, at: Position): Directive[] {
    const path = normalize(isAbsolute(text) ? text : join(dirname(this.#main), text));
    const found = /[*?[]/.test(text) ? this.#files.glob(path) : [path];
    const brought = found.map((each) => [each, this.#readFile(each, at)] as const);
    const missing = brought.filter(([, directives]) => directives === undefined).map(([each]) => each);
    for (const each of missing)
      this.problems.push({ at, message: `"${each}" is included, but is not there or cannot be read` });
    this.includes.push({ pattern: text, files: found.filter((each) => !missing.includes(each)), at });
    return brought.flatMap(([, directives]) => directives ?? []);
  }
}
