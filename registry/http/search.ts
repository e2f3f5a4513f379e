import type { Operation } from '../model/index.ts';
import type { Handler } from './handler.ts';
import { visibleNames } from './list-names.ts';

/** Names that contain the words, for `docker search` (trap T18). Docker Registry API v1, "Search". */
export const search: Handler<Extract<Operation, { kind: 'search' }>> = async (
  { caller },
  { query, size },
  { source },
) => {
  const { entries } = await visibleNames(source, { size: undefined, last: undefined }, caller);
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = entries.filter((name) => words.every((word) => name.includes(word))).slice(0, size);
  return {
    status: 200,
    body: {
      json: {
        query,
        num_results: found.length,
        results: found.map((name) => ({
          name,
          description: '',
          star_count: 0,
          is_official: false,
          is_automated: false,
        })),
      },
    },
  };
};
