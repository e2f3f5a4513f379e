import type { Document, ErrorCode } from 'yaml';

/** Where the text is not YAML, as an offset into it, and why. */
export interface SyntaxMistake {
  readonly offset: number;
  readonly message: string;
  /** Whether the offset is the end of something that was never closed. */
  readonly unclosed: boolean;
}

const advice: Partial<Record<ErrorCode, string>> = {
  TAB_AS_INDENT: 'a tab indents this line; use spaces',
  MULTIPLE_DOCS: 'a second document begins here; take out the line with ---',
  BLOCK_AS_IMPLICIT_KEY:
    'a value cannot begin with a key of its own on this line; check the indentation, or put the value in quotes',
  MULTILINE_IMPLICIT_KEY: 'a key must be on one line and end with a colon',
  BAD_SCALAR_START: 'a value that begins with this character must be in quotes',
};

/** The mistakes of a document. */
export function syntaxMistakes(document: Document): SyntaxMistake[] {
  return [...document.errors, ...document.warnings].map(({ code, message, pos }) => {
    const unclosed = code === 'MISSING_CHAR' && message.startsWith('Missing closing');
    const said = unclosed ? 'a quote begins here and does not end' : advice[code];
    return { offset: pos[0], unclosed, message: said ?? `cannot be read: ${withoutSource(message)}` };
  });
}

/** What the parser quotes from the text may be part of a password. */
function withoutSource(message: string): string {
  return message.replace(/: ".*$/s, '').replace(/^./, (letter) => letter.toLowerCase());
}
