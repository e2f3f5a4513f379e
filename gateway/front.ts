import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import {
  RegistryError,
  respondError,
  type Caller,
  type Exchange,
  type Facts,
  type Registry,
} from '../registry/index.ts';
import type { DelegateFor } from './accel-redirect.ts';
import type { Api, ApiCaller } from './api/index.ts';
import type { DoorKind } from './doors.ts';
import { forwardTo, type Externals, type ExternalVisit as Visit } from './external/index.ts';
import type { ReadOrigin } from './public-origin.ts';
import { noteWhenDone, type RequestNotes } from './request-log.ts';
import { route, type Destination } from './routing.ts';

/** What answers requests. */
export interface FrontParts extends RequestNotes {
  readonly registry: Registry;
  readonly externals: Externals;
  readonly api: Api;
  readonly app: RequestListener;
  readonly readOrigin: ReadOrigin;
  readonly delegateFor: DelegateFor;
}

/** Which port a request came to: what answers there, by host, and how it is spoken to. */
export interface Port {
  readonly scheme: 'http' | 'https';
  readonly doorOf: (host: string) => DoorKind;
}

/** Makes the handler of a port: finds the door, lets the registry, the API or the pages answer, writes one log line. */
export function createFront(parts: FrontParts, port: Port): RequestListener {
  return welcome(parts, port.scheme, (visit) => serve(parts, visit, port.doorOf(visit.origin.host)));
}

/**
 * Makes the handler of the plain HTTP port, where `pages` answers; writes one log line. What a trusted proxy received by
 * HTTPS is served as on the HTTPS port: to send it there would send it in a circle.
 */
export function createPlainFront(
  parts: FrontParts,
  pages: RequestListener,
  doorOf: Port['doorOf'],
): RequestListener {
  return welcome(parts, 'http', async (visit) => {
    if (visit.origin.origin.startsWith('https:')) await serve(parts, visit, doorOf(visit.origin.host));
    else showPage(pages, visit);
  });
}

/** Whoever may open the data folder may do everything. */
const administrator: ApiCaller = { user: 'the command line', isAdmin: true, may: () => true };

/** Makes the handler of the socket for commands, where the API answers everybody; writes one log line. */
export function createControlFront({
  api,
  log,
  count,
}: Pick<FrontParts, 'api' | 'log' | 'count'>): RequestListener {
  return (req, res) => {
    const facts: Facts = { id: randomUUID() };
    noteWhenDone({ log, count }, req, res, facts, { client: 'control socket' });
    void api.serve({ req, res, facts, caller: () => Promise.resolve(administrator) });
  };
}

/** Begins the log line, refuses what names no host, and lets `go` answer the others. */
function welcome(
  { readOrigin, log, count }: Pick<FrontParts, 'readOrigin' | 'log' | 'count'>,
  scheme: Port['scheme'],
  go: (visit: Visit) => Promise<void>,
): RequestListener {
  return (req, res) => {
    const facts: Facts = { id: randomUUID() };
    toOriginForm(req);
    const origin = readOrigin(req, scheme);
    noteWhenDone({ log, count }, req, res, facts, origin ?? { client: req.socket.remoteAddress });
    const done = origin
      ? go({ req, res, facts, origin })
      : respondError(req, res, new RegistryError('nameInvalid', { message: 'malformed Host header' }), facts);
    done.catch((fault: unknown) => respondError(req, res, fault, facts));
  };
}

/** A request line may have the whole URL: then its host counts, and the rest is the path. RFC 9112 3.2.2. */
function toOriginForm(req: IncomingMessage): void {
  const { url = '' } = req;
  if (url.startsWith('/')) return;
  const [, host, path = ''] = /^https?:\/\/([^/?]*)(.*)$/i.exec(url) ?? [];
  if (host === undefined) return;
  req.headers.host = host;
  req.url = path.startsWith('/') ? path : `/${path}`;
}

function showPage(pages: RequestListener, { req, res, facts }: Visit): void {
  if (facts.id !== undefined) res.setHeader('X-Request-Id', facts.id);
  pages(req, res);
}

async function serve(parts: FrontParts, visit: Visit, door: DoorKind): Promise<void> {
  const { req, res, facts } = visit;
  if (door.kind === 'forward') {
    await forwardTo(parts.externals.forwarderOf(door), visit, door.address);
  } else if (parts.api.owns(req.url ?? '')) {
    const caller = (): Promise<Caller> => parts.registry.authenticate(req.headers.authorization);
    await parts.api.serve({ req, res, facts, caller });
  } else if (!/^\/v[12](?:[/?]|$)/.test(req.url ?? '')) {
    showPage(parts.app, visit);
  } else if (door.kind === 'page') {
    const error = new RegistryError('unknownEndpoint', { message: 'this host has no registry' });
    await respondError(req, res, error, facts);
  } else if (door.backend?.login === 'backend') {
    await parts.externals.hostOf(door).serve(visit);
  } else {
    await serveRegistry(parts, visit, door);
  }
}

type SplitDoor = Extract<DoorKind, { kind: 'split' }>;

/** Where users and rights are ours; what is behind the door may be external all the same. */
async function serveRegistry(
  { registry, externals, delegateFor }: FrontParts,
  visit: Visit,
  door: SplitDoor,
): Promise<void> {
  const { req, res, facts, origin } = visit;
  const from = { origin: origin.origin, delegate: delegateFor(req, origin) };
  const exchange = await registry.receive(req, res, from, facts);
  if (!exchange) return;
  const destination = routeOf(door, exchange);
  if (destination.to === 'registry') await registry.answer(exchange, destination.route);
  else if (destination.to === 'refusal') await respondError(req, res, destination.error, facts);
  else await externals.hostOf(door).serveAdmitted(visit, exchange);
}

/** Where the login is ours, so are its end-points, whatever is behind the door. */
function routeOf({ split, backend }: SplitDoor, { operation, caller }: Exchange): Destination {
  const isLogin = ['base', 'token', 'search-ping'].includes(operation.kind);
  if (isLogin && backend) return { to: 'registry', route: undefined };
  return route(split, operation, caller);
}
