import { expect, test } from 'vitest';
import { upstreamMetrics } from '../../../gateway/api/upstream-metrics.ts';

const idle = { requests: [], bytes: 0, running: 0, waiting: 0, rateLimit: undefined };

test('the state of upstreams as metrics', async () => {
  const metrics = upstreamMetrics([
    {
      repository: 'hub',
      prefix: 'docker.io',
      offline: false,
      blocked: undefined,
      state: {
        urls: [
          { url: 'https://a/', setAside: { until: 1, failure: 'timeout' }, failures: 3 },
          { url: 'https://b/', setAside: undefined, failures: 0 },
        ],
        rateLimit: { limit: 100, remaining: 0, window: 21_600, source: undefined, at: 1 },
        requests: [
          { method: 'GET', outcome: 'ok', count: 5 },
          { method: 'HEAD', outcome: 'timeout', count: 2 },
        ],
        bytes: 1234,
        running: 1,
        waiting: 0,
      },
      cache: { bytes: 10, limit: 20 },
      fills: { running: 2, wrongDigests: 1 },
    },
    {
      repository: 'quay',
      prefix: 'quay.io',
      offline: false,
      blocked: { by: 'x', at: 1, reason: '' },
      state: { ...idle, urls: [] },
      cache: { bytes: 0, limit: undefined },
      fills: { running: 0, wrongDigests: 0 },
    },
  ]);
  const series = (await metrics.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(series).toEqual([
    'dockgate_upstream_rate_limit{repository="hub"} 100',
    'dockgate_upstream_rate_limit_remaining{repository="hub"} 0',
    'dockgate_upstream_set_aside{repository="hub",url="https://a/"} 1',
    'dockgate_upstream_set_aside{repository="hub",url="https://b/"} 0',
    'dockgate_upstream_offline{repository="hub"} 0',
    'dockgate_upstream_offline{repository="quay"} 1',
    'dockgate_upstream_requests_total{repository="hub",method="GET",outcome="ok"} 5',
    'dockgate_upstream_requests_total{repository="hub",method="HEAD",outcome="timeout"} 2',
    'dockgate_upstream_received_bytes_total{repository="hub"} 1234',
    'dockgate_upstream_received_bytes_total{repository="quay"} 0',
    'dockgate_fills_running{repository="hub"} 2',
    'dockgate_fills_running{repository="quay"} 0',
    'dockgate_wrong_digests_total{repository="hub"} 1',
    'dockgate_wrong_digests_total{repository="quay"} 0',
    'dockgate_cache_bytes{repository="hub"} 10',
    'dockgate_cache_bytes{repository="quay"} 0',
    'dockgate_cache_limit_bytes{repository="hub"} 20',
  ]);
});

test('without upstreams there are none', async () => {
  expect(await upstreamMetrics([]).metrics()).not.toContain('dockgate');
});
