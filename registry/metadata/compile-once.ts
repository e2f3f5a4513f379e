import type { Compilable, Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/**
 * A query that is turned into SQL once and then run with other values; for what every pull asks.
 * `query` is built with any values; `parameters` of a run come in the order in which the query names them.
 */
export function compileOnce<Row>(
  db: Kysely<Tables>,
  query: Compilable<Row>,
): (...parameters: readonly unknown[]) => Promise<Row | undefined> {
  const compiled = query.compile();
  return async (...parameters) => (await db.executeQuery<Row>({ ...compiled, parameters })).rows[0];
}
