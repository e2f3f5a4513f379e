import { matched } from './expand.ts';
import { hasSlashRedirect } from './handlers.ts';
import type { Location } from './location.ts';
import { Undecidable, type Run } from './run.ts';

/** The location that takes a path, or the redirect to it with a slash at the end. */
export interface Found {
  readonly location: Location;
  readonly isRedirect: boolean;
}

interface Search {
  readonly found: Found | undefined;
  /** Expressions are not asked any more. */
  readonly isFinal: boolean;
}

/** Finds the location of the path as nginx does: `=`, then the longest prefix, then expressions in order. */
export function findLocation(locations: readonly Location[], run: Run): Found | undefined {
  return search(locations, run).found;
}

function search(locations: readonly Location[], run: Run): Search {
  const fixed = findFixed(locations, run.path);
  if (fixed && (fixed.location.modifier === '=' || fixed.isRedirect)) return { found: fixed, isFinal: true };
  const inner = fixed === undefined ? undefined : search(fixed.location.locations, run);
  if (inner?.isFinal) return inner;
  const found = inner?.found ?? fixed;
  if (fixed?.location.modifier === '^~') return { found, isFinal: false };
  const expression = findExpression(locations, run);
  return expression ? { found: expression, isFinal: true } : { found, isFinal: false };
}

function findFixed(locations: readonly Location[], path: string): Found | undefined {
  const fixed = locations.filter(({ modifier }) => modifier === '=' || modifier === '' || modifier === '^~');
  const whole =
    fixed.find((each) => each.modifier === '=' && each.path === path) ??
    fixed.find((each) => each.modifier !== '=' && each.path === path);
  if (whole) return { location: whole, isRedirect: false };
  const slashed = fixed.find((each) => each.path === `${path}/` && hasSlashRedirect(each.scope));
  if (slashed) return { location: slashed, isRedirect: true };
  const prefixes = fixed.filter((each) => each.modifier !== '=' && path.startsWith(each.path));
  const longest = prefixes.sort((a, b) => b.path.length - a.path.length)[0];
  return longest && { location: longest, isRedirect: false };
}

function findExpression(locations: readonly Location[], run: Run): Found | undefined {
  for (const location of locations) {
    const { pattern } = location;
    if (pattern === undefined) continue;
    if ('unsupported' in pattern) throw new Undecidable(pattern.unsupported, location.at);
    if (!matched(run, pattern.regex, run.path)) continue;
    return search(location.locations, run).found ?? { location, isRedirect: false };
  }
  return undefined;
}
