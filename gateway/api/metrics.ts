import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import type { Operator } from '../../registry/index.ts';
import { backendMetrics, type BackendReport } from './backend-metrics.ts';
import { upstreamMetrics } from './upstream-metrics.ts';

/** Numbers about this process and the upstreams that it asks. */
export interface Metrics {
  /** Notes an answered request. */
  count(operation: string, status: number): void;
  /** All numbers in Prometheus' text form, and its media type. */
  read(): Promise<{ readonly text: string; readonly type: string }>;
}

/** Makes the metrics of a gateway: those of the process and of requests grow, those of upstreams are read when asked for. */
export function createMetrics(
  operator: Pick<Operator, 'upstreams'>,
  backends: () => readonly BackendReport[] = () => [],
): Metrics {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  /** By operation and status; a counter finds its place by its labels too slowly for each request. */
  const counts = new Map<string, Map<number, number>>();
  new Counter({
    name: 'dockgate_requests_total',
    help: 'Requests answered, by operation of the registry (other: pages and the API) and HTTP status; 499: the client left.',
    labelNames: ['operation', 'status'],
    registers: [own],
    collect() {
      this.reset();
      for (const [operation, byStatus] of counts)
        for (const [status, count] of byStatus) this.inc({ operation, status }, count);
    },
  });
  return {
    count(operation, status) {
      const byStatus = counts.get(operation) ?? new Map<number, number>();
      if (byStatus.size === 0) counts.set(operation, byStatus);
      byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
    },
    async read() {
      const all = Registry.merge([
        own,
        upstreamMetrics(await operator.upstreams()),
        backendMetrics(backends()),
      ]);
      return { text: await all.metrics(), type: all.contentType };
    },
  };
}
