import { onTestFinished } from 'vitest';
import { startRegistry, type FakeRegistry } from '../unit/repositories/fake-registry.ts';
import { startLocalGateway, type LocalGateway } from './gateway.ts';
import type { Ask, Reply } from './http-request.ts';
import { createLoopback } from './place.ts';
import { basic } from './realm.ts';

/** A gateway in front of two upstreams that its test scripts. */
export interface TwoUpstreams {
  readonly gateway: LocalGateway;
  /** Known as `docker.io`, and asked for `library/x`. */
  readonly hub: FakeRegistry;
  /** Known as `quay.io`. */
  readonly quay: FakeRegistry;
  /** Asks as somebody who may only pull, so that HEAD is no question of a pusher. */
  readonly get: (path: string, ask?: Ask) => Promise<Reply>;
  /** Asks as an administrator. */
  readonly send: (method: string, path: string, ask?: Omit<Ask, 'method'>) => Promise<Reply>;
}

const reader = { user: 'reader', password: 'password of reader' };

/**
 * Starts a gateway whose hosts `localhost` and `idocker.io` read from `all`, that is `own`, `hub` and `quay`, and write
 * to `own`; it ends with the test. Names under `secret/` are private. `proxy` is added to the settings of both proxies.
 */
export async function startTwoUpstreams(
  proxy: Readonly<Record<string, unknown>> = {},
  roles: Readonly<Record<string, unknown>> = {},
): Promise<TwoUpstreams> {
  const [hub, quay] = [await startRegistry(), await startRegistry()];
  const place = await createLoopback();
  const more = { autoBlock: false, ...proxy };
  const host = { read: 'all', write: 'own' };
  const gateway = await startLocalGateway(place, {
    hosts: { localhost: host, 'idocker.io': host },
    repositories: {
      own: { type: 'hosted', private: ['secret/**'] },
      hub: { type: 'proxy', upstream: hub.url, index: hub.url, prefix: 'docker.io', ...more },
      quay: {
        type: 'proxy',
        upstream: quay.url,
        index: quay.url,
        prefix: 'quay.io',
        library: false,
        ...more,
      },
      all: { type: 'group', members: ['own', 'hub', 'quay'], writable: 'own' },
    },
    auth: { roles: { readers: [{ names: ['**'], actions: ['pull'] }], ...roles } },
  });
  onTestFinished(async () => {
    await gateway.stop();
    await place.close();
  });
  await gateway.addUser(reader.user, reader.password, 'readers');
  const as =
    (account: typeof reader) =>
    (path: string, ask: Ask = {}): Promise<Reply> =>
      gateway.ask(path, { ...ask, headers: { authorization: basic(account), ...ask.headers } });
  return {
    gateway,
    hub,
    quay,
    get: as(reader),
    send: (method, path, ask = {}) => as(gateway.admin)(path, { method, ...ask }),
  };
}
