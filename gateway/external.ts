import type { IncomingMessage, ServerResponse } from 'node:http';
import { parseOperation, respondError, type Facts } from '../registry/index.ts';
import type { Forwarder } from './forward.ts';
import type { PublicOrigin } from './public-origin.ts';
import { route, type Destination, type Split } from './routing.ts';

/** A request for a registry that somebody else runs. */
export interface ExternalVisit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly facts: Facts;
  readonly origin: PublicOrigin;
}

/**
 * Passes a request to one of two external registries: by its operation, and what is no operation that we know (other
 * registries have end-points of their own) by its method. The credentials are theirs to check.
 */
export async function serveExternal(forwarder: Forwarder, visit: ExternalVisit, split: Split): Promise<void> {
  const destination = destinationOf(visit, split);
  if (destination.to === 'addresses') await forwardTo(forwarder, visit, firstOf(destination.addresses));
  else if (destination.to === 'refusal') {
    await respondError(visit.req, visit.res, destination.error, visit.facts);
  }
}

/** Passes a request on to one backend. */
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

export function firstOf([address]: readonly Readonly<URL>[]): Readonly<URL> {
  if (!address) throw new Error('a target without an address');
  return address;
}

function destinationOf({ req, facts }: ExternalVisit, split: Split): Destination {
  try {
    const operation = parseOperation(req.method ?? '', req.url ?? '');
    facts.operation = operation.kind;
    if ('name' in operation) facts.name = operation.name;
    return route(split, operation, { may: () => false });
  } catch {
    const reads = req.method === 'GET' || req.method === 'HEAD' || req.method === 'OPTIONS';
    const target = reads ? split.read : (split.write ?? split.read);
    return 'addresses' in target
      ? { to: 'addresses', addresses: target.addresses }
      : { to: 'registry', route: undefined };
  }
}
