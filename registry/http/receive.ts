import type { IncomingMessage, ServerResponse } from 'node:http';
import { guard, nobody, type Access } from '../access/index.ts';
import { parseOperation } from '../model/index.ts';
import { challengeHeaders } from './challenge-headers.ts';
import type { Door, Exchange, Facts } from './exchange.ts';
import { namespaceOf } from './namespace.ts';
import { respondError } from './respond.ts';

/** What requests are read with. */
export interface ReceiveParts {
  readonly access: Access;
  /** Hosts that are ours. */
  readonly hosts: ReadonlySet<string>;
}

/**
 * Reads a request and lets it in, or answers it right away and gives undefined.
 * `facts` is filled for the log either way.
 */
export async function receive(
  { access, hosts }: ReceiveParts,
  req: IncomingMessage,
  res: ServerResponse,
  door: Door,
  facts: Facts,
): Promise<Exchange | undefined> {
  try {
    const operation = parseOperation(req.method ?? '', req.url ?? '');
    facts.operation = operation.kind;
    if ('name' in operation) facts.name = operation.name;
    // The token service looks at the credentials itself, and a bad password costs much time each time it is tried.
    const sender = operation.kind === 'token' ? nobody : await access.authenticate(req.headers.authorization);
    const verdict = guard(operation, sender, access.stranger);
    if ('admit' in verdict) {
      facts.user = verdict.admit.user;
      const namespace = namespaceOf(req.url ?? '', door, hosts);
      if (namespace !== undefined) facts.namespace = namespace;
      return { req, res, door, operation, caller: verdict.admit, facts, namespace };
    }
    await respondError(req, res, verdict.refuse, facts, challengeHeaders(verdict, door));
  } catch (thrown) {
    await respondError(req, res, thrown, facts);
  }
  return undefined;
}
