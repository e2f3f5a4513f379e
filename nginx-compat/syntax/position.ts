/** Where a word stands: file as it was named, line and column from 1 (columns in UTF-16 units, a tab is one). */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `conf.d/registry.conf, line 3, column 5`. */
function inWords({ file, line, column }: Position): string {
  return `${file}, line ${line}, column ${column}`;
}

/** What nginx itself would not start with; the message names what is wrong and where. */
export class NginxSyntaxError extends Error {
  override readonly name = 'NginxSyntaxError';
  readonly at: Position;

  constructor(what: string, at: Position) {
    super(`${inWords(at)}: ${what}`);
    this.at = at;
  }
}
