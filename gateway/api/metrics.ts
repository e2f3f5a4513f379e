import { collectDefaultMetrics, Counter, Registry } from 'prom-client';
import type { Operator } from '../../registry/index.ts';
import { upstreamMetrics } from './upstream-metrics.ts';

/** Numbers about this process and the upstreams that it asks. */
export interface Metrics {
  /** Notes an answered request. */
  count(operation: string, status: number): void;
  /** All numbers in Prometheus' text form, and its media type. */
  read(): Promise<{ readonly text: string; readonly type: string }>;
}

/** Makes the metrics of a gateway: those of the process and of requests grow, those of upstreams are read when asked for. */
export function createMetrics(operator: Pick<Operator, 'upstreams'>): Metrics {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  const requests = new Counter({
    name: 'dockgate_requests_total',
    help: 'Requests answered, by operation of the registry (other: pages and the API) and HTTP status; 499: the client left.',
    labelNames: ['operation', 'status'],
    registers: [own],
  });
  return {
    count(operation, status) {
      requests.inc({ operation, status });
    },
    async read() {
      const all = Registry.merge([own, upstreamMetrics(await operator.upstreams())]);
      return { text: await all.metrics(), type: all.contentType };
    },
  };
}
