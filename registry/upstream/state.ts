import type { Endpoint, UrlState } from './endpoint.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Counts, RequestCount } from './tally.ts';

/** How an upstream does and what it was asked since the start, its index included. */
export interface UpstreamState extends Counts {
  /** In the order in which they are asked. */
  readonly urls: readonly UrlState[];
  /** What any of them said last. */
  readonly rateLimit: RateLimit | undefined;
}

/** The state of an upstream with these addresses, and with an `index` that is asked for nothing but searches. */
export function stateOf(endpoints: readonly Endpoint[], index: Endpoint | undefined): UpstreamState {
  const limits = endpoints.map(({ client }) => client.rateLimit()).filter((limit) => limit !== undefined);
  const all = index ? [...endpoints, index] : endpoints;
  const counts = all.map(({ client }) => client.counts());
  const sum = (key: 'bytes' | 'running' | 'waiting'): number =>
    counts.reduce((total, each) => total + each[key], 0);
  return {
    urls: endpoints.map((endpoint) => endpoint.state()),
    rateLimit: limits.sort((one, other) => other.at - one.at)[0],
    requests: added(counts.flatMap(({ requests }) => requests)),
    bytes: sum('bytes'),
    running: sum('running'),
    waiting: sum('waiting'),
  };
}

/** One row for each method and outcome. */
function added(rows: readonly RequestCount[]): readonly RequestCount[] {
  const sums = new Map<string, RequestCount>();
  for (const row of rows) {
    const key = `${row.method} ${row.outcome}`;
    sums.set(key, { ...row, count: row.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}
