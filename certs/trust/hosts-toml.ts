const BEGIN = '# >>> dockgate trust';
const END = '# <<< dockgate trust';
const WAS = '# was: ';

/** A part of hosts.toml: its header line, undefined for what stands before the first, and the lines below it. */
interface Section {
  readonly header: string | undefined;
  readonly lines: readonly string[];
}

/**
 * A hosts.toml that is all ours. Nothing under `[host]`: that would be a mirror, after whose 404 containerd asks the
 * server again, without the mirror's CA. Yet the empty table must be there, or containerd 1.6 drops the whole file.
 */
export function newHostsToml(host: string, ca: string): string {
  return [
    '# Written by dockgate trust; taken back by dockgate trust --uninstall.',
    `server = "https://${host}"`,
    'capabilities = ["pull", "resolve", "push"]',
    `ca = "${ca}"`,
    '[host]',
    '',
  ].join('\n');
}

/**
 * Adds a CA to a hosts.toml that somebody wrote: to the server, and to the host itself where it stands among the
 * mirrors. Idempotent. Undefined when a `ca` is there in a form that is not understood: then a person has to do it.
 */
export function withCa(toml: string, host: string, ca: string): string | undefined {
  const parts = sections(withoutCa(toml) ?? toml);
  const changed = parts.map((section) => (isAbout(section, host) ? addCa(section, ca) : section));
  if (changed.includes(undefined)) return undefined;
  const text = changed
    .filter((section) => section !== undefined)
    .flatMap(({ header, lines }) => [...(header === undefined ? [] : [header]), ...lines])
    .join('\n');
  const hasTable = parts.some(({ header }) => header !== undefined && /^\s*\[\s*host\b/.test(header));
  return hasTable ? text : `${text}${text.endsWith('\n') ? '' : '\n'}${BEGIN}\n[host]\n${END}\n`;
}

/** Takes our lines out again, as they were put there by `withCa`; undefined when none are there. */
export function withoutCa(toml: string): string | undefined {
  const lines = toml.split('\n');
  if (!lines.some((line) => line.startsWith(BEGIN))) return undefined;
  const kept: string[] = [];
  let inside = false;
  for (const line of lines) {
    if (line.startsWith(BEGIN)) inside = true;
    else if (line.startsWith(END)) inside = false;
    else if (!inside) kept.push(line);
    else if (line.startsWith(WAS)) kept.push(line.slice(WAS.length));
  }
  return kept.join('\n');
}

function sections(toml: string): Section[] {
  const parts: { header: string | undefined; lines: string[] }[] = [{ header: undefined, lines: [] }];
  for (const line of toml.split('\n')) {
    if (/^\s*\[/.test(line)) parts.push({ header: line, lines: [] });
    else parts.at(-1)?.lines.push(line);
  }
  return parts;
}

function isAbout({ header }: Section, host: string): boolean {
  if (header === undefined) return true;
  const url = /^\s*\[\s*host\s*\.\s*["']([^"']+)["']\s*\]/.exec(header)?.[1];
  return url !== undefined && URL.canParse(url) && new URL(url).origin === new URL(`https://${host}`).origin;
}

function addCa({ header, lines }: Section, ca: string): Section | undefined {
  const at = lines.findIndex((line) => /^\s*ca\s*=/.test(line));
  const present = lines[at];
  if (present?.includes(`"${ca}"`)) return { header, lines };
  if (present === undefined) return { header, lines: [BEGIN, `ca = "${ca}"`, END, ...lines] };
  const values = /^\s*ca\s*=\s*(?:\[([^\]]*)\]|("[^"]*"|'[^']*'))\s*(?:#.*)?$/.exec(present);
  const listed = (values?.[1] ?? values?.[2])?.trim().replace(/,$/, '');
  if (listed === undefined) return undefined;
  const block = [BEGIN, `${WAS}${present}`, `ca = [${listed === '' ? '' : `${listed}, `}"${ca}"]`, END];
  return { header, lines: lines.toSpliced(at, 1, ...block) };
}
