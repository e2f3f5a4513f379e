import { freePort, startLocalGateway, type LocalGateway } from './gateway.ts';
import type { Place } from './place.ts';

/** A gateway with the proxy `hub` of another one, which holds what is seeded there. */
export interface CachingGateway {
  readonly gateway: LocalGateway;
  /** Lets everybody pull. */
  readonly upstream: LocalGateway;
  readonly stop: () => Promise<void>;
}

/**
 * Starts both; `localhost` reads from `group`, that is `hosted` and then `hub`. `settings` are added to the first one's;
 * `seed` comes before it starts.
 */
export async function startCachingGateway(
  place: Place,
  settings: Readonly<Record<string, unknown>> = {},
  seed: (upstream: LocalGateway) => Promise<unknown> = () => Promise.resolve(),
): Promise<CachingGateway> {
  const port = await freePort();
  const upstream = await startLocalGateway(place, {
    hosts: { localhost: { read: 'store', write: 'store' } },
    repositories: { store: { type: 'hosted' } },
    connectors: { [port]: { repository: 'store' } },
    auth: { anonymous: 'pull' },
  });
  await seed(upstream);
  const gateway = await startLocalGateway(place, {
    hosts: {
      localhost: { read: 'group', write: 'hosted' },
      'own.test': { read: 'hosted' },
      'page.test': { web: true },
    },
    repositories: {
      hosted: { type: 'hosted', private: ['secret/**'] },
      hub: { type: 'proxy', upstream: `http://localhost:${port}`, prefix: 'hub.test', library: false },
      group: { type: 'group', members: ['hosted', 'hub'], writable: 'hosted' },
    },
    auth: { roles: { developers: [{ names: ['team/**'], actions: ['pull', 'push'] }] } },
    ...settings,
  });
  return {
    gateway,
    upstream,
    async stop() {
      await gateway.stop();
      await upstream.stop();
    },
  };
}
