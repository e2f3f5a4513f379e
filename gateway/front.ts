import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { RegistryError, respondError, type Facts, type Registry } from '../registry/index.ts';
import type { DoorKind } from './doors.ts';
import { forwardTo, serveExternal, type ExternalVisit as Visit } from './external.ts';
import type { Forwarder } from './forward.ts';
import type { Log } from './log.ts';
import type { PublicOrigin, ReadOrigin } from './public-origin.ts';
import { isEmbedded, route, type Split } from './routing.ts';

/** What answers requests. */
export interface FrontParts {
  readonly registry: Registry;
  readonly forwarder: Forwarder;
  readonly app: RequestListener;
  readonly readOrigin: ReadOrigin;
  readonly log: Log;
}

/** Which port a request came to: what answers there, by host, and how it is spoken to. */
export interface Port {
  readonly scheme: 'http' | 'https';
  readonly doorOf: (host: string) => DoorKind;
}

/** Makes the handler of a port: finds the door, lets the registry or the pages answer, writes one log line. */
export function createFront(parts: FrontParts, port: Port): RequestListener {
  return welcome(parts, port.scheme, (visit) => serve(parts, visit, port.doorOf(visit.origin.host)));
}

/** Makes the handler of a plain HTTP port without a registry, where `pages` answers; writes one log line. */
export function createPlainFront(
  parts: Pick<FrontParts, 'readOrigin' | 'log'>,
  pages: RequestListener,
): RequestListener {
  return welcome(parts, 'http', (visit) => {
    showPage(pages, visit);
    return Promise.resolve();
  });
}

/** Begins the log line, refuses what names no host, and lets `go` answer the others. */
function welcome(
  { readOrigin, log }: Pick<FrontParts, 'readOrigin' | 'log'>,
  scheme: Port['scheme'],
  go: (visit: Visit) => Promise<void>,
): RequestListener {
  return (req, res) => {
    const facts: Facts = { id: randomUUID() };
    toOriginForm(req);
    const origin = readOrigin(req, scheme);
    logWhenDone(log, req, res, facts, origin);
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
    await forwardTo(parts.forwarder, visit, door.address);
  } else if (!/^\/v[12](?:[/?]|$)/.test(req.url ?? '')) {
    showPage(parts.app, visit);
  } else if (door.kind === 'page') {
    const error = new RegistryError('unknownEndpoint', { message: 'this host has no registry' });
    await respondError(req, res, error, facts);
  } else if (isEmbedded(door.split)) {
    await serveRegistry(parts, visit, door.split);
  } else {
    await serveExternal(parts.forwarder, visit, door.split);
  }
}

async function serveRegistry({ registry, forwarder }: FrontParts, visit: Visit, split: Split): Promise<void> {
  const { req, res, facts, origin } = visit;
  const exchange = await registry.receive(req, res, origin, facts);
  if (!exchange) return;
  const destination = route(split, exchange.operation, exchange.caller);
  if (destination.to === 'registry') await registry.answer(exchange, destination.route);
  else if (destination.to === 'refusal') await respondError(req, res, destination.error, facts);
  else {
    // These are credentials of ours, which the backend neither knows nor should see.
    delete req.headers.authorization;
    await forwardTo(forwarder, visit, destination.address);
  }
}

function logWhenDone(
  log: Log,
  req: IncomingMessage,
  res: ServerResponse,
  facts: Facts,
  origin: PublicOrigin | undefined,
): void {
  const started = performance.now();
  const client = origin?.client ?? req.socket.remoteAddress;
  res.once('close', () => {
    const { id, fault, ...rest } = facts;
    const entry = {
      id,
      method: req.method,
      host: origin?.host,
      // Without the query, which may carry what only the client should know.
      path: (req.url ?? '').split('?', 1)[0],
      // nginx's number for a client that left before it was answered; Node's own is 200 until then.
      status: res.headersSent ? res.statusCode : 499,
      ms: Math.round((performance.now() - started) * 10) / 10,
      client,
      ...rest,
    };
    if (fault !== undefined)
      log.error('request failed', { ...entry, ...(!res.writableFinished && { complete: false }), fault });
    else if (res.writableFinished) log.info('request', entry);
    else log.info('request', { error: 'client gone', ...entry, complete: false });
  });
}
