import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { RegistryError, respondError, type Facts, type Registry } from '../registry/index.ts';
import type { DoorKind } from './doors.ts';
import type { Log } from './log.ts';
import type { PublicOrigin, ReadOrigin } from './public-origin.ts';
import { route, type Split } from './routing.ts';

/** What answers requests. */
export interface FrontParts {
  readonly registry: Registry;
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
  return (req, res) => {
    const facts: Facts = { id: randomUUID() };
    const origin = parts.readOrigin(req, port.scheme);
    logWhenDone(parts.log, req, res, facts, origin);
    const done = origin
      ? serve(parts, { req, res, facts, origin, door: port.doorOf(origin.host) })
      : respondError(req, res, new RegistryError('nameInvalid', { message: 'malformed Host header' }), facts);
    done.catch((fault: unknown) => respondError(req, res, fault, facts));
  };
}

interface Visit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly facts: Facts;
  readonly origin: PublicOrigin;
  readonly door: DoorKind;
}

async function serve(parts: FrontParts, visit: Visit): Promise<void> {
  const { req, res, facts, door } = visit;
  if (!/^\/v[12](?:[/?]|$)/.test(req.url ?? '')) {
    if (facts.id !== undefined) res.setHeader('X-Request-Id', facts.id);
    parts.app(req, res);
  } else if (door.kind === 'split') {
    await serveRegistry(parts, visit, door.split);
  } else {
    await respondError(
      req,
      res,
      new RegistryError('unknownEndpoint', { message: 'this host has no registry' }),
      facts,
    );
  }
}

async function serveRegistry({ registry }: FrontParts, visit: Visit, split: Split): Promise<void> {
  const { req, res, facts, origin } = visit;
  const exchange = await registry.receive(req, res, origin, facts);
  if (!exchange) return;
  const destination = route(split, exchange.operation, exchange.caller);
  if (destination.to === 'registry') await registry.answer(exchange, destination.route);
  else if (destination.to === 'refusal') await respondError(req, res, destination.error, facts);
}

function logWhenDone(
  log: Log,
  req: IncomingMessage,
  res: ServerResponse,
  facts: Facts,
  origin: PublicOrigin | undefined,
): void {
  const started = performance.now();
  res.once('close', () => {
    const { id, fault, ...rest } = facts;
    const entry = {
      id,
      method: req.method,
      host: origin?.host,
      // Without the query, which may carry what only the client should know.
      path: (req.url ?? '').split('?', 1)[0],
      status: res.statusCode,
      ms: Math.round((performance.now() - started) * 10) / 10,
      client: origin?.client,
      ...rest,
      ...(!res.writableFinished && { complete: false }),
    };
    if (fault === undefined) log.info('request', entry);
    else log.error('request failed', { ...entry, fault });
  });
}
