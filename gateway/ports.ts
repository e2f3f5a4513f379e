import type { IncomingMessage } from 'node:http';
import { homePage } from '../web/index.ts';
import type { Api } from './api/index.ts';
import { createApp, createRedirect } from './app.ts';
import type { Certificates } from './certificates.ts';
import type { Config } from './config/index.ts';
import type { Doors } from './doors.ts';
import type { Engine } from './engine.ts';
import type { Forwarder, Forwarding } from './forward.ts';
import { createFront, createPlainFront } from './front.ts';
import { listen, type Listener, type WebSockets } from './listener.ts';
import { originReader, type ReadOrigin } from './public-origin.ts';
import type { RequestNotes } from './request-log.ts';
import { createSetup } from './setup/index.ts';

/** What answers on the ports. */
export interface PortParts extends RequestNotes {
  readonly engine: Engine;
  readonly api: Api;
  readonly forwarder: Forwarder;
  readonly certificates: Certificates;
  readonly doors: Doors;
}

/** How each port of a configuration is opened, in the order in which it is to be done. */
export function portsOf(
  config: Config,
  { engine, api, forwarder, certificates, doors, log, count }: PortParts,
): (() => Promise<Listener>)[] {
  const { registry } = engine;
  const authority = (): string | undefined => certificates.main().authority;
  const onFault = (fault: unknown): void => {
    log.error('not ready', { fault: fault instanceof Error ? fault.message : String(fault) });
  };
  const readOrigin = originReader(config.trustedProxies);
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
  const app = createApp({ authority, check: () => registry.check(), page, setup, onFault });
  const parts = { registry, forwarder, api, app, log, count, readOrigin };
  const open: (() => Promise<Listener>)[] = [];

  const { https, http } = config.listen;
  if (https !== false) {
    const handle = createFront(parts, { scheme: 'https', doorOf: (host) => doors.ofHost(host) });
    open.push(async () => {
      const webSockets = webSocketsOf(doors, readOrigin, forwarder);
      const tls = certificates.keyPairs();
      const listener = await listen({ port: https, address: undefined, tls, handle, webSockets });
      bound.https = listener.port;
      log.info('listening', { port: listener.port, scheme: 'https', hosts: [...config.hosts.keys()] });
      return listener;
    });
  }
  if (http !== false) {
    open.push(async () => {
      const hostOf = (req: IncomingMessage): string => readOrigin(req, 'http')?.host ?? 'localhost';
      const redirect = createRedirect(authority, setup, bound.https ?? 443, hostOf, onFault);
      const handle = createPlainFront(parts, redirect);
      const listener = await listen({ port: http, address: undefined, tls: undefined, handle });
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
      });
      log.info('listening', { port: listener.port, scheme, repository });
      return listener;
    });
  }
  return open;
}

/** Hosts that pass everything on pass WebSockets on too. */
function webSocketsOf(doors: Doors, readOrigin: ReadOrigin, forwarder: Forwarder): WebSockets {
  const forwarding = (req: IncomingMessage): Forwarding | undefined => {
    const origin = readOrigin(req, 'https');
    if (!origin) return undefined;
    const door = doors.ofHost(origin.host);
    if (door.kind !== 'forward') return undefined;
    return { address: door.address, origin: origin.origin, client: origin.client, rewriteLocations: true };
  };
  return {
    isWanted: (req) => forwarding(req) !== undefined,
    join(req, socket, head) {
      const how = forwarding(req);
      if (how) forwarder.upgrade(req, socket, head, how);
      else socket.destroy();
    },
  };
}
