import { Counter, Gauge, Registry } from 'prom-client';
import type { UpstreamReport } from '../../registry/index.ts';

/** A value with its labels. */
type Sample = readonly [labels: Readonly<Record<string, string>>, value: number | undefined];

/** The state of the upstreams at one moment, as metrics. */
export function upstreamMetrics(reports: readonly UpstreamReport[]): Registry {
  const register = new Registry();
  const each = (value: (report: UpstreamReport) => number | undefined): Sample[] =>
    reports.map((report) => [{ repository: report.repository }, value(report)]);
  // A metric without labels would begin with a 0 of its own.
  const gauge = (name: string, help: string, samples: readonly Sample[]): void => {
    if (samples.length === 0) return;
    const metric = new Gauge({ name, help, labelNames: labelsOf(samples), registers: [register] });
    for (const [labels, value] of samples) if (value !== undefined) metric.set(labels, value);
  };
  const counter = (name: string, help: string, samples: readonly Sample[]): void => {
    if (samples.length === 0) return;
    const metric = new Counter({ name, help, labelNames: labelsOf(samples), registers: [register] });
    for (const [labels, value] of samples) if (value !== undefined) metric.inc(labels, value);
  };

  gauge(
    'dockgate_upstream_rate_limit',
    'Pulls that the upstream allows in its window, as it last said.',
    each(({ state }) => state.rateLimit?.limit),
  );
  gauge(
    'dockgate_upstream_rate_limit_remaining',
    'Pulls that are left of them.',
    each(({ state }) => state.rateLimit?.remaining),
  );
  gauge(
    'dockgate_upstream_set_aside',
    '1 while an address of the upstream is not asked because it kept failing.',
    reports.flatMap(({ repository, state }) =>
      state.urls.map(({ url, setAside }): Sample => [{ repository, url }, setAside ? 1 : 0]),
    ),
  );
  gauge(
    'dockgate_upstream_offline',
    '1 when the upstream is not asked by the configuration or because an operator has blocked it.',
    each(({ offline, blocked }) => (offline || blocked ? 1 : 0)),
  );
  counter(
    'dockgate_upstream_requests_total',
    'Requests to the upstream, by method and outcome.',
    reports.flatMap(({ repository, state }) =>
      state.requests.map(({ method, outcome, count }): Sample => [{ repository, method, outcome }, count]),
    ),
  );
  counter(
    'dockgate_upstream_received_bytes_total',
    'Bytes of bodies fetched from the upstream.',
    each(({ state }) => state.bytes),
  );
  gauge(
    'dockgate_fills_running',
    'Blobs that are being fetched into the cache.',
    each(({ fills }) => fills.running),
  );
  counter(
    'dockgate_wrong_digests_total',
    'Blobs and manifests that were fetched, did not have their digest, and were dropped.',
    each(({ fills }) => fills.wrongDigests),
  );
  gauge(
    'dockgate_cache_bytes',
    'Bytes of blobs in the cache.',
    each(({ cache }) => cache.bytes),
  );
  gauge(
    'dockgate_cache_limit_bytes',
    'Bytes above which the least recently pulled is evicted.',
    each(({ cache }) => cache.limit),
  );
  return register;
}

function labelsOf(samples: readonly Sample[]): string[] {
  return Object.keys(samples[0]?.[0] ?? {});
}
