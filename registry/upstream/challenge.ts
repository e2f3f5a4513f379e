/** One challenge of a 401 answer: scheme and parameter names in lower case. RFC 9110 11.3. */
export interface Challenge {
  readonly scheme: string;
  readonly params: Readonly<Record<string, string>>;
}

const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const gap = /[ \t,]*/y;
const scheme = new RegExp(token, 'y');
/** Only when nothing but the next challenge follows; `realm="…"` is not one. */
const token68 = /[ \t]+[-A-Za-z0-9._~+/]+=*(?=[ \t]*(?:,|$))/y;
const param = new RegExp(`[ \\t,]*(${token})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))`, 'y');

/**
 * The challenges of a WWW-Authenticate header, in their order; several headers are to be joined by commas first.
 * Reading stops at what is malformed and keeps what came before. RFC 9110 11.6.1.
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = [];
  let at = end(gap, header, 0) ?? 0;
  for (let next = end(scheme, header, at); next !== undefined; next = end(scheme, header, at)) {
    const name = header.slice(at, next).toLowerCase();
    const read = readParams(header, end(token68, header, next) ?? next);
    challenges.push({ scheme: name, params: read.params });
    at = end(gap, header, read.at) ?? read.at;
  }
  return challenges;
}

function readParams(header: string, from: number): { params: Record<string, string>; at: number } {
  const params: Record<string, string> = {};
  let at = from;
  for (let match = execAt(param, header, at); match; match = execAt(param, header, at)) {
    const [whole, name = '', quoted, plain = ''] = match;
    params[name.toLowerCase()] ??= quoted?.replaceAll(/\\(.)/g, '$1') ?? plain;
    at += whole.length;
  }
  return { params, at };
}

function end(pattern: RegExp, text: string, at: number): number | undefined {
  const match = execAt(pattern, text, at);
  return match ? at + match[0].length : undefined;
}

function execAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
