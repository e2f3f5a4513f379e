import { RegistryError } from './errors.ts';

/** Which part of a sorted list is wanted: at most `size` entries (all when undefined) after `last`, exclusive. */
export interface Page {
  readonly size: number | undefined;
  readonly last: string | undefined;
}

/** A part of a sorted list, and whether more follow. */
export interface PageOf<T> {
  readonly entries: readonly T[];
  readonly more: boolean;
}

/** The page that `n` and `last` ask for; throws `pageInvalid`. OCI distribution-spec 1.1, "Listing Tags". */
export function parsePage(query: URLSearchParams): Page {
  const n = query.get('n');
  const last = query.get('last') ?? undefined;
  if (n === null || n === '') return { size: undefined, last };
  if (!/^\d{1,9}$/.test(n)) throw new RegistryError('pageInvalid', { detail: { n: n.slice(0, 40) } });
  return { size: Number(n), last };
}

/** Cuts a page out of a whole list, which must be sorted by `keyOf` in ASCII order. */
export function cutPage<T>(sorted: readonly T[], page: Page, keyOf: (entry: T) => string): PageOf<T> {
  const { size, last } = page;
  const rest = last === undefined ? sorted : sorted.filter((entry) => keyOf(entry) > last);
  if (size === undefined) return { entries: rest, more: false };
  return { entries: rest.slice(0, size), more: size > 0 && rest.length > size };
}
