import type { IncomingMessage } from 'node:http';
import { homePage } from '../web/index.ts';
import { challengeFinder } from './acme-challenge.ts';
import { delegation } from './accel-redirect.ts';
import type { Api } from './api/index.ts';
import { createApp, createRedirect } from './app.ts';
import type { Certificates } from './certificates.ts';
import type { Config } from './config/index.ts';
import type { DoorKind, Doors } from './doors.ts';
import type { Engine } from './engine.ts';
import type { Externals } from './external/index.ts';
import type { Forwarder, Forwarding } from './forward.ts';
import { createFront, createPlainFront } from './front.ts';
import { listen, type Listener, type WebSockets } from './listener.ts';
import type { ProxyProtocol } from './proxy-protocol/accept.ts';
import { originReader, type ReadOrigin } from './public-origin.ts';
import type { RequestNotes } from './request-log.ts';
import { createSetup } from './setup/index.ts';
import { trustIn } from './trusted-proxies.ts';

/** What answers on the ports. */
export interface PortParts extends RequestNotes {
  readonly engine: Engine;
  readonly api: Api;
  readonly externals: Externals;
  readonly certificates: Certificates;
  readonly doors: Doors;
}

/** How each port of a configuration is opened, in the order in which it is to be done. */
export function portsOf(
  config: Config,
  { engine, api, externals, certificates, doors, log, count }: PortParts,
): (() => Promise<Listener>)[] {
  const { registry } = engine;
  const authority = (): string | undefined => certificates.main().authority;
  const onFault = (fault: unknown): void => {
    log.error('not ready', { fault: fault instanceof Error ? fault.message : String(fault) });
  };
  const readOrigin = originReader(config.trustedProxies);
  /** Where the redirect goes. */
  const secureHost = (req: IncomingMessage, port = 443): string => {
    const { host, viaProxy } = readOrigin(req, 'http') ?? { host: 'localhost', viaProxy: false };
    return viaProxy || port === 443 ? host : `${host}:${port}`;
  };
  const page = (req: IncomingMessage): string | undefined => {
    const origin = readOrigin(req, 'https');
    const door = origin && doors.ofHost(origin.host);
    if (!door || door.kind === 'forward' || (door.kind === 'split' && !door.web)) return undefined;
    const served = certificates.main();
    const fingerprint = served.authority === undefined ? undefined : served.fingerprint;
    return homePage({ host: new URL(origin.origin).host, fingerprint });
  };
  const bound: { https?: number; http?: number } = {};
  const setup = createSetup({ config, doors, readOrigin, authority, ports: () => bound });
  const findChallenge = challengeFinder(config, doors, readOrigin);
  const app = createApp({
    authority,
    check: () => registry.check(),
    page,
    setup,
    findChallenge,
    onFault,
  });
  const delegateFor = delegation(config.accelRedirect);
  const parts = { registry, externals, api, app, log, count, readOrigin, delegateFor };
  const doorOf = (host: string): DoorKind => doors.ofHost(host);
  const isTrusted = trustIn(config.trustedProxies);
  const onRefused = (peer: string, reason: string): void => {
    log.warn('connection refused', { peer, reason });
  };
  const introduced = (isOn: boolean): ProxyProtocol | undefined =>
    isOn ? { isTrusted, onRefused } : undefined;
  const open: (() => Promise<Listener>)[] = [];

  const { https, http } = config.listen;
  const proxyProtocol = introduced(config.listen.proxyProtocol);
  if (https !== false) {
    const handle = createFront(parts, { scheme: 'https', doorOf });
    open.push(async () => {
      const webSockets = webSocketsOf('https', doors, readOrigin, externals);
      const tls = certificates.keyPairs();
      const listener = await listen({
        port: https,
        address: undefined,
        tls,
        handle,
        webSockets,
        proxyProtocol,
      });
      bound.https = listener.port;
      log.info('listening', { port: listener.port, scheme: 'https', hosts: [...config.hosts.keys()] });
      return listener;
    });
  }
  if (http !== false) {
    open.push(async () => {
      const redirect = createRedirect(
        authority,
        setup,
        (req) => secureHost(req, bound.https),
        onFault,
        findChallenge,
      );
      const handle = createPlainFront(parts, redirect, doorOf);
      const webSockets = webSocketsOf('http', doors, readOrigin, externals);
      const plain = { port: http, address: undefined, tls: undefined };
      const listener = await listen({ ...plain, handle, webSockets, proxyProtocol });
      bound.http = listener.port;
      log.info('listening', { port: listener.port, scheme: 'http', serves: 'redirect and /ca.crt' });
      return listener;
    });
  }
  for (const connector of config.connectors) {
    const { port, address, tls, repository } = connector;
    const scheme = tls ? 'https' : 'http';
    const door = doors.ofConnector(connector);
    open.push(async () => {
      const handle = createFront(parts, { scheme, doorOf: () => door });
      const listener = await listen({
        port,
        address,
        tls: tls ? certificates.keyPairs() : undefined,
        handle,
        proxyProtocol: introduced(connector.proxyProtocol),
      });
      log.info('listening', { port: listener.port, scheme, repository });
      return listener;
    });
  }
  return open;
}

/** Hosts that pass everything on pass WebSockets on too. */
function webSocketsOf(
  scheme: 'http' | 'https',
  doors: Doors,
  readOrigin: ReadOrigin,
  externals: Externals,
): WebSockets {
  const forwarding = (req: IncomingMessage): { forwarder: Forwarder; how: Forwarding } | undefined => {
    const origin = readOrigin(req, scheme);
    // The plain port serves only what a trusted proxy received by HTTPS.
    if (!origin || (scheme === 'http' && !origin.origin.startsWith('https:'))) return undefined;
    const door = doors.ofHost(origin.host);
    if (door.kind !== 'forward') return undefined;
    const { address } = door;
    const how = { address, origin: origin.origin, client: origin.client, rewriteLocations: true };
    return { forwarder: externals.forwarderOf(door), how };
  };
  return {
    isWanted: (req) => forwarding(req) !== undefined,
    join(req, socket, head) {
      const to = forwarding(req);
      if (to) to.forwarder.upgrade(req, socket, head, to.how);
      else socket.destroy();
    },
  };
}
