import { createDockgate, type Dockgate } from './dockgate.ts';
import { readLog, type DockgateLog } from './dockgate-log.ts';
import { ADDRESS, createMachine, type Machine } from './machine.ts';
import type { Account } from './realm.ts';
import { createUpstream, type Upstream } from './upstream.ts';

/** The bare hostname of the stories. */
export const HOST = 'idocker.test';

/** What every story wants of the machine, for describeWith; its clients come to that. */
export const STORY_NEEDS = ['namespaces', 'docker-registry', 'htpasswd', 'openssl'] as const;

/** Sections of dockgate.yaml that a story sets besides its repositories. */
export interface StorySettings {
  readonly auth?: object;
  readonly hosts?: Readonly<Record<string, object>>;
  readonly connectors?: Readonly<Record<number, object>>;
  /** What the proxies have besides their upstreams. */
  readonly proxies?: object;
  /** Further members, at the end of the group. */
  readonly members?: (upstreams: Upstreams) => Readonly<Record<string, object>>;
}

/** The registries of others. */
interface Upstreams {
  /** Stands for Docker Hub: behind a token realm. */
  readonly hub: Upstream;
  /** Stands for quay.io: wants Basic. */
  readonly quay: Upstream;
  /** Stands for ghcr.io: plain. */
  readonly ghcr: Upstream;
}

/** A machine with three upstreams and a Dockgate that groups them behind HOST. */
export interface Story extends AsyncDisposable, Upstreams {
  readonly machine: Machine;
  readonly dockgate: Dockgate;
  readonly log: DockgateLog;
}

const ROBOT: Account = { user: 'robot', password: 's3cret' };

function repositories(
  { hub, quay, ghcr }: Upstreams,
  proxies: object,
  more: Readonly<Record<string, object>>,
): object {
  const login = { username: ROBOT.user, password: ROBOT.password };
  const proxy = { type: 'proxy', ...proxies };
  return {
    'docker-hosted': { type: 'hosted' },
    'docker-hub': { ...proxy, upstream: hub.url, prefix: 'docker.io', library: 'auto', ...login },
    quay: { ...proxy, upstream: quay.url, prefix: 'quay.io', ...login },
    ghcr: { ...proxy, upstream: ghcr.url, prefix: 'ghcr.io' },
    ...more,
    'docker-group': {
      type: 'group',
      members: ['docker-hosted', 'docker-hub', 'quay', 'ghcr', ...Object.keys(more)],
      writable: 'docker-hosted',
    },
  };
}

async function startUpstreams(machine: Machine): Promise<Upstreams> {
  const [hub, quay, ghcr] = await Promise.all([
    createUpstream(machine, { auth: { type: 'token', account: ROBOT } }),
    createUpstream(machine, { auth: { type: 'basic', account: ROBOT } }),
    createUpstream(machine),
  ]);
  return { hub, quay, ghcr };
}

/** Starts the house of a story: the default configuration of Dockgate, with Debian's registries as upstreams. */
export async function createStory({
  members,
  proxies = {},
  ...settings
}: StorySettings = {}): Promise<Story> {
  const hosts = { [HOST]: { read: 'docker-group', write: 'docker-hosted' }, ...settings.hosts };
  const machine = await createMachine({
    hosts: Object.fromEntries(Object.keys(hosts).map((host) => [host, ADDRESS])),
  });
  try {
    const upstreams = await startUpstreams(machine);
    const config = {
      ...settings,
      hosts,
      repositories: repositories(upstreams, proxies, members?.(upstreams) ?? {}),
    };
    const dockgate = await createDockgate(machine, { host: HOST, config });
    const dispose = (): Promise<void> => machine.close();
    return { machine, dockgate, log: readLog(dockgate), ...upstreams, [Symbol.asyncDispose]: dispose };
  } catch (fault) {
    await machine.close();
    throw fault;
  }
}
