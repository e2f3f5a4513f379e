import type { LocalGateway } from '../gateway.ts';
import { createLoopback } from '../place.ts';
import type { Account } from '../realm.ts';
import { createUpstream } from '../upstream.ts';
import type { Algorithm } from './content.ts';
import { withBasic, withBearer } from './credentials.ts';
import { createDoor, type Authorize, type Door } from './door.ts';
import { startTestGateway } from './gateway.ts';
import type { Stage } from './play.ts';
import type { Configuration } from './suite.ts';

type Credentials = (gateway: LocalGateway) => Authorize;

const hosted = { type: 'hosted' };
const group = { type: 'group', members: ['docker-hosted', 'second'], writable: 'docker-hosted' };
const repositories = { 'docker-hosted': hosted, second: hosted, 'docker-group': group };
const hosts = {
  'hosted.test': { read: 'docker-hosted', write: 'docker-hosted' },
  'split.test': { read: 'docker-group', write: 'docker-hosted' },
};

function hostDoor(gateway: LocalGateway, host: string, credentials: Credentials): Door {
  const { port, ca } = gateway;
  return createDoor({ port, host, ...(ca !== undefined && { ca }), authorize: credentials(gateway) });
}

function connectorDoor(gateway: LocalGateway, repository: string, credentials: Credentials): Door {
  const { port } = gateway.connector(repository);
  return createDoor({ port, host: '127.0.0.1', authorize: credentials(gateway) });
}

type OpenDoor = (gateway: LocalGateway) => Door;

/** Everything on one gateway, through one door. */
function writable(title: string, open: OpenDoor, algorithm: Algorithm = 'sha256'): Configuration {
  return {
    title,
    rows: 'all',
    async start() {
      const gateway = await startTestGateway({ hosts, repositories });
      const door = open(gateway);
      return { algorithm, door, source: door, close: () => closeAll([door], [gateway]) };
    },
  };
}

/** Reads through a door that is not the one where content is put. */
function readable(title: string, rows: 'reads' | 'old reads', start: () => Promise<Started>): Configuration {
  return {
    title,
    rows,
    async start() {
      const { stop, ...stage } = await start();
      return { ...stage, close: () => closeAll([stage.door, stage.source], stop) };
    },
  };
}

async function closeAll(
  doors: readonly Door[],
  running: readonly { stop(): Promise<void> }[],
): Promise<void> {
  for (const door of doors) door.close();
  for (const each of running) await each.stop();
}

function proxyOf(port: number, account?: Account): object {
  const login = account && { username: account.user, password: account.password };
  return { type: 'proxy', upstream: `http://127.0.0.1:${port}`, library: false, ...login };
}

/** By file of tests/http/conformance. */
export const configurations = {
  hosted: writable('hosted', (gateway) => hostDoor(gateway, 'hosted.test', withBasic)),
  group: writable('group with a writable member', (gateway) =>
    connectorDoor(gateway, 'docker-group', withBearer),
  ),
  connector: writable('through a connector', (gateway) => connectorDoor(gateway, 'docker-hosted', withBasic)),
  basic: writable('host with Basic', (gateway) => hostDoor(gateway, 'split.test', withBasic)),
  bearer: writable('host with Bearer', (gateway) => hostDoor(gateway, 'split.test', withBearer)),
  sha512: writable('sha512', (gateway) => hostDoor(gateway, 'split.test', withBasic), 'sha512'),

  proxy: readable('proxy of a Dockgate', 'reads', () => startProxy(false)),
  warmProxy: readable('warm proxy of a Dockgate', 'reads', () => startProxy(true)),
  oldProxy: readable('proxy of docker-registry', 'old reads', startOldProxy),
  readOnlyGroup: readable('group without a writable member', 'reads', () => startReadOnlyGroup('hosted')),
  groupOfProxy: readable('group of a proxy', 'reads', () => startReadOnlyGroup('upstream')),
};

type Started = Stage & { readonly stop: readonly { stop(): Promise<void> }[] };

async function startProxy(warm: boolean): Promise<Started> {
  const upstream = await startTestGateway({ repositories });
  const gateway = await startTestGateway({
    repositories: { proxy: proxyOf(upstream.connector('docker-hosted').port, upstream.admin) },
  });
  return {
    algorithm: 'sha256',
    warm,
    door: connectorDoor(gateway, 'proxy', withBasic),
    source: connectorDoor(upstream, 'docker-hosted', withBasic),
    stop: [gateway, upstream],
  };
}

async function startOldProxy(): Promise<Started> {
  const place = await createLoopback();
  const upstream = await createUpstream(place);
  const port = Number(new URL(upstream.url).port);
  const gateway = await startTestGateway({ repositories: { proxy: proxyOf(port) } });
  return {
    algorithm: 'sha256',
    door: connectorDoor(gateway, 'proxy', withBearer),
    source: createDoor({ port, host: '127.0.0.1', authorize: () => Promise.resolve(undefined) }),
    stop: [gateway, { stop: () => place.close() }],
  };
}

/** A group of two hosted repositories and a proxy; the content is in the second, or behind the third. */
async function startReadOnlyGroup(where: 'hosted' | 'upstream'): Promise<Started> {
  const upstream = await startTestGateway({ repositories });
  const proxy = proxyOf(upstream.connector('docker-hosted').port, upstream.admin);
  const members = ['first', 'docker-hosted', 'proxy'];
  const gateway = await startTestGateway({
    repositories: {
      first: hosted,
      'docker-hosted': hosted,
      proxy,
      'docker-group': { type: 'group', members },
    },
  });
  return {
    algorithm: 'sha256',
    door: connectorDoor(gateway, 'docker-group', withBearer),
    source: connectorDoor(where === 'hosted' ? gateway : upstream, 'docker-hosted', withBasic),
    stop: [gateway, upstream],
  };
}
