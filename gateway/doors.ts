import { isIP } from 'node:net';
import type { BackendConfig, Config, ConnectorConfig, HostConfig } from './config/index.ts';
import type { Split } from './routing.ts';

/** What answers on one host or connector. */
export type DoorKind =
  | {
      readonly kind: 'split';
      /** As the configuration calls it. */
      readonly host: string;
      readonly split: Split;
      readonly web: boolean;
      /** How those of its targets are spoken to that are external; undefined when none is. */
      readonly backend: BackendConfig | undefined;
    }
  | { readonly kind: 'page' }
  | { readonly kind: 'forward'; readonly address: Readonly<URL>; readonly backend: BackendConfig };

/** Finds what answers. */
export interface Doors {
  /** By the host of a request, without its port. Names that are not configured get what the first host gets. */
  ofHost(host: string): DoorKind;
  /** The same, undefined for names that are not configured. */
  ofConfigured(host: string): DoorKind | undefined;
  ofConnector(connector: ConnectorConfig): DoorKind;
}

/** Makes the doors of a configuration. */
export function createDoors(config: Config): Doors {
  const push = pushAdvice(config);
  const doors = new Map([...config.hosts].map(([host, each]) => [host, doorOfHost(host, each, push)]));
  const wildcards = [...doors].filter(([host]) => host.startsWith('*.'));
  const first = [...doors.values()].find((door) => door.kind === 'split') ?? { kind: 'page' as const };
  const ofConfigured = (host: string): DoorKind | undefined => {
    const name = canonical(host);
    return doors.get(name) ?? wildcards.find(([wildcard]) => covers(wildcard, name))?.[1];
  };
  return {
    ofHost: (host) => ofConfigured(host) ?? first,
    ofConfigured,
    ofConnector: (connector) => doorOfConnector(config, connector, push),
  };
}

function doorOfHost(host: string, config: HostConfig, push: string): DoorKind {
  if (config.kind === 'page') return { kind: 'page' };
  if (config.kind === 'forward') return { kind: 'forward', address: config.forward, backend: config.backend };
  const { read, write, web, backend } = config;
  return {
    kind: 'split',
    host,
    web,
    backend,
    split: { read, write, advice: `${host} is read-only; ${push}` },
  };
}

function doorOfConnector(config: Config, { repository }: ConnectorConfig, push: string): DoorKind {
  const own = config.repositories.get(repository);
  const writable = own?.type === 'hosted' ? repository : own?.type === 'group' ? own.writable : undefined;
  const what = own?.type === 'proxy' ? 'a cache of another registry and therefore read-only' : 'read-only';
  const split: Split = {
    read: { repository },
    write: writable === undefined ? undefined : { repository: writable },
    advice: `${repository} is ${what}; ${push}`,
  };
  return { kind: 'split', host: repository, split, web: false, backend: undefined };
}

/** Where images can be pushed, for those who tried where they cannot (story E3). */
function pushAdvice({ hosts, connectors, repositories }: Config): string {
  const open = [...hosts]
    .filter(([, host]) => host.kind === 'split' && host.write !== undefined)
    .map(([host]) => host);
  const ports = connectors
    .filter(({ repository }) => {
      const own = repositories.get(repository);
      return own?.type === 'hosted' || (own?.type === 'group' && own.writable !== undefined);
    })
    .map(({ port }) => `port ${port}`);
  const places = [...open, ...ports];
  return places.length > 0
    ? `push to ${places.join(' or ')}`
    : 'no host or connector takes pushes; name a hosted repository as "write"';
}

function covers(wildcard: string, name: string): boolean {
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot) === wildcard.slice(1);
}

/** As the configuration writes hosts: lower case, no dot at the end, IPv6 without brackets. */
function canonical(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, '$1').toLowerCase();
  return isIP(bare) ? bare : bare.replace(/\.$/, '');
}
