import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Facts } from '../../registry/index.ts';
import type { PublicOrigin } from '../public-origin.ts';

/** A request for a registry that somebody else runs. */
export interface ExternalVisit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly facts: Facts;
  readonly origin: PublicOrigin;
}
