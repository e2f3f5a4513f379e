import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { ensureCertificates, machineNames, type ServedCertificates } from '../certs/index.ts';
import { homePage } from '../web/index.ts';
import { createApp, createRedirect } from './app.ts';
import type { Config } from './config/index.ts';
import { createDoors, type Doors } from './doors.ts';
import { openEngine, type Engine } from './engine.ts';
import { createForwarder, type Forwarder, type Forwarding } from './forward.ts';
import { createFront, createPlainFront } from './front.ts';
import { listen, type Listener, type WebSockets } from './listener.ts';
import type { Log } from './log.ts';
import { originReader, type ReadOrigin } from './public-origin.ts';

/** A gateway that serves. */
export interface Gateway {
  /** Takes no new requests, waits for those under way, and closes everything. */
  stop(): Promise<void>;
}

/** Told of the password of `admin` when one was made up. */
export type OnPassword = (password: string) => void;

/**
 * Puts a gateway together and opens its ports. Throws CertificateError, ListenError, or what a store says; then
 * nothing is left open.
 */
export async function startGateway(
  config: Config,
  log: Log,
  adminPassword: string | undefined,
  onPassword: OnPassword,
): Promise<Gateway> {
  const served = await certificatesFor(config, log);
  const engine = await openEngine(config, log);
  const forwarder = createForwarder();
  const listeners: Listener[] = [];
  try {
    const { generated } = await engine.registry.accounts.ensureAdmin({ password: adminPassword });
    if (generated !== undefined) onPassword(generated);
    for (const open of ports(config, { engine, forwarder, served, log })) listeners.push(await open());
  } catch (fault) {
    for (const listener of listeners) listener.destroy();
    forwarder.close();
    await engine.close();
    throw fault;
  }
  return {
    async stop() {
      await Promise.all(listeners.map((listener) => listener.drain()));
      forwarder.close();
      await engine.close();
    },
  };
}

async function certificatesFor({ data, hosts, tls }: Config, log: Log): Promise<ServedCertificates> {
  const configured = [...hosts.keys()];
  const served = await ensureCertificates({
    directory: join(data, 'certs'),
    ...tls,
    // Every reissue of a self-signed certificate must be trusted anew: an address that comes and goes must not cause it.
    names: tls.profile === 'ca' ? [...configured, 'localhost', ...machineNames()] : configured,
  });
  const { issued, reason, fingerprint, notAfter, names, warnings } = served;
  log.info('certificate', { issued, reason, fingerprint, notAfter, names });
  for (const warning of warnings) log.warn('certificate', { warning });
  return served;
}

interface PortParts {
  readonly engine: Engine;
  readonly forwarder: Forwarder;
  readonly served: ServedCertificates;
  readonly log: Log;
}

function ports(config: Config, { engine, forwarder, served, log }: PortParts): (() => Promise<Listener>)[] {
  const { registry } = engine;
  const doors = createDoors(config);
  const authority = (): string | undefined => served.authority;
  const onFault = (fault: unknown): void => {
    log.error('not ready', { fault: fault instanceof Error ? fault.message : String(fault) });
  };
  const readOrigin = originReader(config.trustedProxies);
  const page = (req: IncomingMessage): string | undefined => {
    const origin = readOrigin(req, 'https');
    const door = origin && doors.ofHost(origin.host);
    if (!door || door.kind === 'forward' || (door.kind === 'split' && !door.web)) return undefined;
    const fingerprint = served.authority === undefined ? undefined : served.fingerprint;
    return homePage({ host: new URL(origin.origin).host, fingerprint });
  };
  const app = createApp({ authority, check: () => registry.check(), page, onFault });
  const parts = { registry, forwarder, app, log, readOrigin };
  const open: (() => Promise<Listener>)[] = [];

  const { https, http } = config.listen;
  let httpsPort = https;
  if (https !== false) {
    const handle = createFront(parts, { scheme: 'https', doorOf: (host) => doors.ofHost(host) });
    open.push(async () => {
      const webSockets = webSocketsOf(doors, readOrigin, forwarder);
      const listener = await listen({ port: https, address: undefined, tls: served, handle, webSockets });
      httpsPort = listener.port;
      log.info('listening', { port: listener.port, scheme: 'https', hosts: [...config.hosts.keys()] });
      return listener;
    });
  }
  if (http !== false) {
    open.push(async () => {
      const hostOf = (req: IncomingMessage): string => readOrigin(req, 'http')?.host ?? 'localhost';
      const redirect = createRedirect(authority, httpsPort === false ? 443 : httpsPort, hostOf, onFault);
      const handle = createPlainFront(parts, redirect);
      const listener = await listen({ port: http, address: undefined, tls: undefined, handle });
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
      const listener = await listen({ port, address, tls: tls ? served : undefined, handle });
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
