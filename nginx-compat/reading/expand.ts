import type { MapEntry, NginxMap } from './map.ts';
import { fitOf } from './hostnames.ts';
import type { Run, Unknown, Value } from './run.ts';
import { builtIn } from './variables.ts';

const variable = /\$(?:\{(\w+)\}|([1-9])|(\w+))/g;

/** Whether a word has variables. */
export function hasVariables(text: string): boolean {
  return text.search(variable) !== -1;
}

/** A word with its variables replaced. */
export function expand(text: string, run: Run): Value {
  const unknown: Unknown[] = [];
  const expanded = text.replaceAll(variable, (_, braced?: string, digit?: string, name?: string) => {
    const value =
      digit === undefined ? lookUp(braced ?? name ?? '', run) : (run.captures[Number(digit)] ?? '');
    if (typeof value === 'string') return value;
    unknown.push(value);
    return '';
  });
  return unknown[0] ?? expanded;
}

/**
 * Remembers what an expression matched, as nginx does: `$1` of the one before is lost when this one has no groups,
 * and also when it has some and does not match.
 */
export function matched(run: Run, regex: RegExp, text: string): boolean {
  const match = regex.exec(text);
  if (match === null) {
    if (hasGroups(regex)) run.captures = [];
    return false;
  }
  run.captures = match.length > 1 ? match : [];
  const groups: Readonly<Record<string, string | undefined>> = match.groups ?? {};
  for (const [name, value] of Object.entries(groups)) run.variables.set(name, value ?? '');
  return true;
}

function hasGroups({ source }: RegExp): boolean {
  return (new RegExp(`${source}|`).exec('')?.length ?? 1) > 1;
}

function lookUp(name: string, run: Run): Value {
  const set = run.variables.get(name);
  if (set !== undefined) return set;
  const map = run.server.http.maps.get(name);
  if (map === undefined)
    return run.server.http.foreign.has(name)
      ? { why: `$${name} depends on what is not in the file` }
      : builtIn(name, run);
  // nginx asks a map once for each request, and a map that asks itself would never end.
  run.variables.set(name, { why: `the map of $${name} asks itself` });
  const value = askMap(map, run);
  run.variables.set(name, value);
  return value;
}

function askMap(map: NginxMap, run: Run): Value {
  const source = expand(map.source, run);
  if (typeof source !== 'string') return source;
  const entry = findEntry(map, source, run);
  if (entry !== undefined && 'why' in entry) return entry;
  return entry === undefined ? '' : expand(entry.value, run);
}

function findEntry(map: NginxMap, source: string, run: Run): MapEntry | Unknown | undefined {
  const plain = map.entries.filter(({ pattern }) => pattern === undefined);
  const text = source.toLowerCase();
  const exact =
    plain.find(({ match }) => match.toLowerCase() === text) ??
    (map.hostnames ? bestHost(plain, text) : undefined);
  if (exact) return exact;
  for (const entry of map.entries) {
    if (entry.pattern === undefined) continue;
    if ('unsupported' in entry.pattern) return { why: entry.pattern.unsupported };
    if (matched(run, entry.pattern.regex, source)) return entry;
  }
  return map.standard;
}

function bestHost(entries: readonly MapEntry[], host: string): MapEntry | undefined {
  const name = host.replace(/\.$/, '');
  const fits = entries.map((entry) => [fitOf(entry.match, name), entry] as const).filter(([fit]) => fit > 0);
  return fits.sort(([a], [b]) => b - a)[0]?.[1];
}
