import { readNames, type Caller, type Name, type Operation } from '../model/index.ts';
import type { Handler } from './handler.ts';
import type { ReadableRepository } from '../repositories/index.ts';
import type { SearchHit } from '../upstream/index.ts';
import { visibleNames } from './list-names.ts';

/**
 * Names here that contain the words, and what the indexes of upstreams find, for `docker search` (trap T18).
 * Docker Registry API v1, "Search".
 */
export const search: Handler<Extract<Operation, { kind: 'search' }>> = async (
  { caller },
  { query, size },
  { source },
) => {
  const [held, found] = await Promise.all([
    namesWith(query, source, caller),
    source.searchUpstreams(query, size),
  ]);
  const byName = new Map<string, SearchHit>(held.map((name) => [name, { ...nothingKnown, name }]));
  // What an index says of an image that is held here is worth showing too.
  for (const hit of found) if (caller.maySee(hit.name)) byName.set(nameIn(byName, hit.name), hit);
  const results = [...byName].slice(0, size).map(([name, hit]) => ({
    name,
    description: hit.description,
    star_count: hit.stars,
    is_official: hit.official,
    is_automated: hit.automated,
  }));
  return { status: 200, body: { json: { query, num_results: results.length, results } } };
};

const nothingKnown = { description: '', stars: 0, official: false, automated: false };

async function namesWith(
  query: string,
  source: ReadableRepository,
  caller: Caller,
): Promise<readonly Name[]> {
  const { entries } = await visibleNames(source, { size: undefined, last: undefined }, caller);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return entries.filter((name) => words.every((word) => name.includes(word)));
}

/** The form in which a name is in the list already: `x` and `library/x` are the same. */
function nameIn(byName: ReadonlyMap<string, unknown>, name: string): string {
  return readNames(name as Name).find((form) => byName.has(form)) ?? name;
}
