/** One challenge of WWW-Authenticate. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** By their names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

const start = /(?:^|,)\s*([A-Za-z][\w-]*)(?=\s+[\w-]+\s*=|\s*(?:,|$))/g;
const parameter = /([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/g;

/** Reads WWW-Authenticate, in the order of the header. RFC 9110 11.6.1. */
export function readChallenges(header: string | undefined): readonly Challenge[] {
  const text = header ?? '';
  // What is quoted may look like anything, so it is blanked while schemes are looked for.
  const bare = text.replaceAll(/"(?:[^"\\]|\\.)*"/g, (quoted) => `"${' '.repeat(quoted.length - 2)}"`);
  const found = [...bare.matchAll(start)];
  return found.map((match, at) => {
    const part = text.slice(match.index + match[0].length, found[at + 1]?.index ?? text.length);
    const parameters = [...part.matchAll(parameter)].map(
      ([, name = '', quoted, token = '']) => [name.toLowerCase(), unescape(quoted ?? token)] as const,
    );
    return { scheme: (match[1] ?? '').toLowerCase(), parameters: Object.fromEntries(parameters) };
  });
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}
