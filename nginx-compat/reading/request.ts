/** A request as it reaches nginx. */
export interface NginxRequest {
  readonly method: string;
  /** The target as sent: path and query, not decoded. */
  readonly uri: string;
  readonly scheme: 'http' | 'https';
  /** The Host header; the first name of the server without it. */
  readonly host?: string;
  /** The port that was connected to; that of the scheme without it. */
  readonly port?: number;
  /** Further headers, by names in lower case; what is not here was not sent. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The address of the client; variables with it are unknown otherwise. */
  readonly remote?: string;
}

/** A path as nginx compares and rewrites it, and the query without `?`. */
export interface Target {
  readonly path: string;
  readonly args: string;
}

/** Decodes and cleans a target as nginx does; undefined for what it answers 400. */
export function targetOf(uri: string, mergeSlashes: boolean): Target | undefined {
  const [, raw = '', args = ''] = /^([^?#]*)(?:\?([^#]*))?/.exec(uri) ?? [];
  if (!raw.startsWith('/')) return undefined;
  const decoded = decode(raw);
  const path = decoded === undefined ? undefined : cleaned(decoded, mergeSlashes);
  return path === undefined ? undefined : { path, args };
}

function decode(raw: string): string | undefined {
  if (!raw.includes('%')) return raw;
  if (/%(?![0-9a-f]{2})|%00/i.test(raw)) return undefined;
  const bytes = raw.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString('utf8');
}

/** Without `.`, `..` and, unless `merge_slashes off`, empty parts; undefined when it leaves the root. */
function cleaned(path: string, mergeSlashes: boolean): string | undefined {
  const parts = path.slice(1).split('/');
  const kept: string[] = [];
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    if (part === '..' && kept.pop() === undefined) return undefined;
    const vanishes = part === '.' || part === '..' || (part === '' && mergeSlashes);
    if (!vanishes) kept.push(part);
    else if (isLast) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** As nginx escapes a path that it has decoded. */
export function escapePath(path: string): string {
  return path.replaceAll(/[\0- #%?\x7f-\uffff]+/g, (text) =>
    [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
