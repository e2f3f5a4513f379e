import type { Shown } from '../certificates-shown.ts';
import type { Route } from './route.ts';

/** What the route of certificates needs. */
export interface CertificateParts {
  readonly certificates: () => readonly Shown[];
}

/** What this gateway presents and hands out. */
export function certificatesRoute({ certificates }: CertificateParts): Route {
  return {
    method: 'GET',
    path: '/api/v1/certificates',
    need: 'admin',
    answer: () => Promise.resolve({ json: { certificates: certificates() } }),
  };
}
