import { RegistryError, type Operator } from '../../registry/index.ts';
import { BadRequest } from './bad-request.ts';
import type { Route } from './route.ts';

/** What the routes of upstreams need. */
export interface UpstreamParts {
  readonly operator: Pick<Operator, 'upstreams' | 'cachedImage' | 'block' | 'unblock'>;
  /** True for the name of a proxy. */
  readonly isProxy: (repository: string) => boolean;
}

/** Longer reasons are cut off in no list; this is a sentence, not a file. */
const longestReason = 500;

/** How the upstreams are, and the switch that keeps the gateway from asking one. */
export function upstreamRoutes({ operator, isProxy }: UpstreamParts): readonly Route[] {
  const proxyOf = ({ repository = '' }: Readonly<Record<string, string>>): string => {
    if (isProxy(repository)) return repository;
    throw new RegistryError('nameUnknown', { message: `there is no proxy ${repository.slice(0, 100)}` });
  };
  return [
    {
      method: 'GET',
      path: '/api/v1/upstreams',
      need: 'admin',
      async answer() {
        const upstreams = (await operator.upstreams()).map(async (each) => ({
          ...each,
          cachedImage: await operator.cachedImage(each.repository),
        }));
        return { json: { upstreams: await Promise.all(upstreams) } };
      },
    },
    {
      method: 'POST',
      path: '/api/v1/upstreams/{repository}/block',
      need: 'admin',
      async answer({ caller, parameters, body }) {
        const repository = proxyOf(parameters);
        const reason = reasonOf(await body());
        await operator.block(repository, caller.user ?? '', reason);
        return { json: { repository, blocked: true } };
      },
    },
    {
      method: 'POST',
      path: '/api/v1/upstreams/{repository}/unblock',
      need: 'admin',
      async answer({ parameters, body }) {
        const repository = proxyOf(parameters);
        await body();
        await operator.unblock(repository);
        return { json: { repository, blocked: false } };
      },
    },
  ];
}

function reasonOf(body: unknown): string {
  const reason: unknown = typeof body === 'object' && body !== null && 'reason' in body ? body.reason : '';
  if (typeof reason !== 'string' || reason.length > longestReason)
    throw new BadRequest(`"reason" must be text of at most ${longestReason} characters`);
  return reason.trim();
}
