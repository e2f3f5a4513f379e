import { isPasswordHash } from './passwords.ts';

/** Something in an htpasswd file that cannot be used; `line` counts from 1. */
interface LineProblem {
  readonly line: number;
  readonly message: string;
}

/** What an htpasswd file says: user name to bcrypt hash, and what was skipped. */
export interface HtpasswdContent {
  readonly hashes: ReadonlyMap<string, string>;
  readonly problems: readonly LineProblem[];
}

const otherKinds: readonly (readonly [RegExp, string])[] = [
  [/^\$apr1\$/, 'MD5 (apr1)'],
  [/^\{SHA\}/, 'SHA-1'],
  [/^\$1\$/, 'MD5 (crypt)'],
  [/^\$5\$/, 'SHA-256 (crypt)'],
  [/^\$6\$/, 'SHA-512 (crypt)'],
  [/^\$2/, 'a damaged bcrypt hash'],
];

/**
 * Reads the text of an htpasswd file as Apache does: `user:hash` lines, `#` comments, the first line of a user counts,
 * a further colon ends the hash. Only bcrypt is taken; every other line is a problem and the rest still works.
 */
export function parseHtpasswd(text: string): HtpasswdContent {
  const hashes = new Map<string, string>();
  const problems: LineProblem[] = [];
  const seen = new Set<string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trimEnd();
    if (line === '' || line.startsWith('#')) continue;
    const [user = '', hash = ''] = line.split(':');
    const problem = problemOf(user, hash, seen.has(user));
    // A user's first line counts even when it is of no use: a second password must not come to life by that.
    seen.add(user);
    if (problem === undefined) hashes.set(user, hash);
    else problems.push({ line: index + 1, message: problem });
  }
  return { hashes, problems };
}

function problemOf(user: string, hash: string, again: boolean): string | undefined {
  if (user === '' || hash === '') return 'this is not a line of the form user:hash; it is skipped';
  if (again) return `${JSON.stringify(user)} has an earlier line, which counts; this one is skipped`;
  if (isPasswordHash(hash)) return undefined;
  const kind = otherKinds.find(([form]) => form.test(hash))?.[1] ?? 'not bcrypt';
  return `the password of ${JSON.stringify(user)} is ${kind}, and only bcrypt is accepted: set it again with htpasswd -B`;
}
