import openapi from './openapi.json' with { type: 'json' };
import { certificatesRoute, type CertificateParts } from './certificates.ts';
import { explainRoute, type ExplainParts } from './explain.ts';
import type { Metrics } from './metrics.ts';
import { prefetchRoute, type PrefetchParts } from './prefetch.ts';
import type { Route } from './route.ts';
import { waitRoute } from './wait.ts';
import { upstreamRoutes, type UpstreamParts } from './upstreams.ts';

/** What the routes are made of. */
export interface RouteParts extends CertificateParts {
  readonly operator: ExplainParts['operator'] & PrefetchParts['operator'] & UpstreamParts['operator'];
  readonly readImage: ExplainParts['readImage'];
  readonly isProxy: UpstreamParts['isProxy'];
  readonly metrics: Metrics;
}

/** Everything that the API answers. */
export function createRoutes(parts: RouteParts): readonly Route[] {
  return [
    explainRoute(parts),
    certificatesRoute(parts),
    prefetchRoute(parts),
    ...upstreamRoutes(parts),
    waitRoute(),
    {
      method: 'GET',
      path: '/api/v1/openapi.json',
      need: 'nothing',
      answer: () => Promise.resolve({ json: openapi }),
    },
    {
      method: 'GET',
      path: '/metrics',
      need: 'admin-or-loopback',
      async answer() {
        const { type, text } = await parts.metrics.read();
        return { type, text };
      },
    },
  ];
}
