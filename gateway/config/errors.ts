/** One mistake, where it is and what to do about it. */
export interface Problem {
  /** The file as the user named it, or `command line` or `environment`. */
  readonly file: string;
  /** From 1; absent when no line of the file is to blame. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  /** The key, such as `repositories.quay.upstream`; empty when the text itself is broken. */
  readonly path: string;
  readonly message: string;
}

/** Every mistake of a configuration in one report, by line; the message has one line for each. */
export class ConfigErrors extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const sorted = problems.toSorted(byPlace);
    super(sorted.map(print).join('\n'));
    this.name = 'ConfigErrors';
    this.problems = sorted;
  }
}

/** A value that cannot be read; the message says what to write instead and never repeats the value. */
export class BadValue extends Error {}

/** Keys, and positions in lists, from the top of the file. */
export type Path = readonly (string | number)[];

/** A mistake at a key of the configuration, before it is known which line that key is on. */
export interface Finding {
  readonly path: Path;
  readonly message: string;
}

/** The path as people write it: `repositories.docker-group.members[0]`. */
export function printPath(path: Path): string {
  return path
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

function byPlace(one: Problem, other: Problem): number {
  return (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0);
}

function print({ file, line, path, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}`;
  return path === '' ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
}
