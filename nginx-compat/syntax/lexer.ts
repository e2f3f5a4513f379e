import { endOfLua } from './lua.ts';
import { NginxSyntaxError, type Position } from './position.ts';
import type { Source } from './source.ts';

/** One word of a directive, without its quotes and escapes. */
export interface Word {
  readonly text: string;
  readonly quoted: boolean;
  readonly at: Position;
}

/** What stands up to the next `;`, `{` or `}`, or the end of the file; `simple` and `open` have a word at least. */
export interface Statement {
  readonly kind: 'simple' | 'open' | 'close' | 'end';
  readonly words: readonly Word[];
  readonly at: Position;
}

/** nginx reads through a buffer of this size, and refuses a word or comment that does not fit. */
const longest = 4096;

const escapes: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  '\\': '\\',
  t: '\t',
  r: '\r',
  n: '\n',
};

function isSpace(char: string | undefined): boolean {
  return char === ' ' || char === '\t' || char === '\r' || char === '\n';
}

/** Reads one file statement by statement, with the rules of nginx's `ngx_conf_read_token`. */
export class Lexer {
  readonly #source: Source;
  readonly #text: string;
  #index = 0;

  constructor(source: Source) {
    this.#source = source;
    this.#text = source.text;
  }

  /** The next statement; throws NginxSyntaxError. */
  next(): Statement {
    const words: Word[] = [];
    for (;;) {
      this.#skipSpace();
      const [char, at] = [this.#text[this.#index], this.#source.at(this.#index)];
      if (char === undefined) return this.#end(words, at);
      if (char === '}' || char === ';' || char === '{') return this.#stop(char, words, at);
      words.push(char === '"' || char === "'" ? this.#readQuoted(char, at) : this.#readBare(at));
    }
  }

  /** Goes behind the `}` that ends a block of Lua, whose `{` was the last thing read. */
  skipLua(): void {
    const end = endOfLua(this.#text, this.#index);
    if (end === undefined) throw this.#wrong('a block of Lua has no closing "}"', this.#index - 1);
    this.#index = end;
  }

  #wrong(what: string, index: number): NginxSyntaxError {
    return new NginxSyntaxError(what, this.#source.at(index));
  }

  #end(words: readonly Word[], at: Position): Statement {
    const [first] = words;
    if (first === undefined) return { kind: 'end', words, at };
    throw new NginxSyntaxError(`"${first.text}" is not ended by ";" before the end of the file`, first.at);
  }

  #stop(char: ';' | '{' | '}', words: readonly Word[], at: Position): Statement {
    const [first] = words;
    if (char === '}' && first !== undefined)
      throw new NginxSyntaxError(`unexpected "}": "${first.text}" before it is not ended by ";"`, at);
    if (char !== '}' && first === undefined)
      throw new NginxSyntaxError(`unexpected "${char}" without a directive before it`, at);
    this.#index += 1;
    return { kind: char === '}' ? 'close' : char === '{' ? 'open' : 'simple', words, at };
  }

  #skipSpace(): void {
    for (;;) {
      const char = this.#text[this.#index];
      if (char === '#') this.#skipComment();
      else if (isSpace(char)) this.#index += 1;
      else return;
    }
  }

  #skipComment(): void {
    const start = this.#index;
    const end = this.#text.indexOf('\n', start);
    this.#index = end === -1 ? this.#text.length : end;
    this.#holdToLength(start, 'a comment');
  }

  #readQuoted(quote: '"' | "'", at: Position): Word {
    const start = this.#index + 1;
    for (this.#index = start; this.#text[this.#index] !== quote; this.#index += 1) {
      if (this.#text[this.#index] === '\\') this.#index += 1;
      if (this.#index >= this.#text.length)
        throw this.#wrong(`the ${quote} has no closing ${quote}`, start - 1);
    }
    this.#holdToLength(
      start,
      `the word that begins with ${quote}, which perhaps lacks its closing ${quote},`,
    );
    const text = unescaped(this.#text.slice(start, this.#index));
    this.#index += 1;
    this.#wantSeparator(quote);
    return { text, quoted: true, at };
  }

  /** What may follow a closing quote: space, an end, or the `)` of an `if`. */
  #wantSeparator(quote: string): void {
    const after = this.#text[this.#index];
    if (after === undefined || isSpace(after) || after === ';' || after === '{' || after === ')') return;
    throw this.#wrong(
      `unexpected "${after}" behind the closing ${quote}; a space or ";" is missing`,
      this.#index,
    );
  }

  #readBare(at: Position): Word {
    const start = this.#index;
    for (let inVariable = false; !this.#endsWord(inVariable); this.#index += 1) {
      const char = this.#text[this.#index];
      if (char === '\\') this.#index += 1;
      // `${` belongs to the word, and to nginx so do further `{`.
      inVariable = char === '$' || (inVariable && char === '{');
    }
    if (this.#index >= this.#text.length)
      throw this.#wrong(
        `"${shown(this.#text.slice(start))}" is not ended by ";" before the end of the file`,
        start,
      );
    this.#holdToLength(start, 'a word');
    return { text: unescaped(this.#text.slice(start, this.#index)), quoted: false, at };
  }

  #endsWord(inVariable: boolean): boolean {
    const char = this.#text[this.#index];
    return char === undefined || isSpace(char) || char === ';' || (char === '{' && !inVariable);
  }

  #holdToLength(start: number, what: string): void {
    if (this.#index - start < longest / 3) return;
    if (Buffer.byteLength(this.#text.slice(start, this.#index)) < longest) return;
    throw this.#wrong(`${what} is longer than the ${longest} bytes that nginx takes`, start);
  }
}

function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** Takes away the backslashes that nginx takes away; others stay, so that `\.` is for the regular expression. */
function unescaped(text: string): string {
  return text.includes('\\')
    ? text.replaceAll(/\\(["'\\trn])/g, (_, char: string) => escapes[char] ?? char)
    : text;
}
