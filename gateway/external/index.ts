import type { BackendReport } from '../api/index.ts';
import type { BackendConfig } from '../config/index.ts';
import type { DoorKind } from '../doors.ts';
import { createForwarder, type Forwarder } from '../forward.ts';
import type { Log } from '../log.ts';
import type { UpstreamPem } from '../upstream-pem.ts';
import { createBackends, type BackendSettings } from './backend.ts';
import type { EmbeddedRegistry } from './carrier.ts';
import { ExternalHost } from './host.ts';
import type { ExternalVisit } from './visit.ts';

export type { ExternalVisit } from './visit.ts';

type SplitDoor = Extract<DoorKind, { kind: 'split' }>;
type ForwardDoor = Extract<DoorKind, { kind: 'forward' }>;

/** What stands behind the doors that lead to somebody else's servers. */
export interface Externals {
  /** Throws for a door that leads to repositories of ours alone. */
  hostOf(door: SplitDoor): ExternalHost;
  forwarderOf(door: ForwardDoor): Forwarder;
  /** How the registries behind hosts do that were asked so far. */
  reports(): readonly BackendReport[];
  /** Ends what is under way. */
  close(): Promise<void>;
}

/** Makes each when it is first needed; `pem` is what the files of each configuration hold. */
export function createExternals(
  pem: ReadonlyMap<BackendConfig, UpstreamPem>,
  registry: EmbeddedRegistry,
  log: Log,
): Externals {
  const hosts = new Map<SplitDoor, ExternalHost>();
  const forwarders = new Map<BackendConfig, Forwarder>();
  const forwarderOf = (backend: BackendConfig): Forwarder => {
    const known = forwarders.get(backend) ?? createForwarder(pem.get(backend) ?? {});
    forwarders.set(backend, known);
    return known;
  };
  const make = ({ split, host, backend }: SplitDoor): ExternalHost => {
    if (!backend) throw new Error(`${host} has no external registry`);
    const [read, write] = [split.read, split.write].map((target) =>
      target && 'addresses' in target ? target.addresses : [],
    );
    const { ca, clientCertificate } = pem.get(backend) ?? {};
    const { credentials } = backend;
    const onHealth: BackendSettings['onHealth'] = (address, { isSetAside, reason }) => {
      if (isSetAside) log.warn('backend set aside', { host, address: address.href, reason });
      else log.info('backend answers again', { host, address: address.href });
    };
    const ends = { read: read ?? [], write: write?.[0] };
    const settings = { host, ...ends, credentials, ca, clientCertificate, onHealth };
    return new ExternalHost(split, createBackends(settings), forwarderOf(backend), registry);
  };
  return {
    hostOf(door) {
      const known = hosts.get(door) ?? make(door);
      hosts.set(door, known);
      return known;
    },
    forwarderOf: ({ backend }) => forwarderOf(backend),
    reports: () =>
      [...hosts].flatMap(([{ host }, external]) => external.report().map((each) => ({ host, ...each }))),
    async close() {
      for (const forwarder of forwarders.values()) forwarder.close();
      await Promise.all([...hosts.values()].map((host) => host.close()));
    },
  };
}

/** Passes a request on untouched but for what a proxy must change. */
export async function forwardTo(
  forwarder: Forwarder,
  { req, res, facts, origin }: ExternalVisit,
  address: Readonly<URL>,
): Promise<void> {
  // The library and each pipeline listen for its end; Node takes more than ten of them for a leak.
  res.setMaxListeners(20);
  const how = { address, origin: origin.origin, client: origin.client, rewriteLocations: true, facts };
  await forwarder.forward(req, res, how);
}
