import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Facts } from '../registry/index.ts';
import type { Log } from './log.ts';

/** Counts an answered request: its operation (`other` for what is not the registry's) and its status. */
export type CountRequest = (operation: string, status: number) => void;

/** What a request is noted in when it is over. */
export interface RequestNotes {
  readonly log: Log;
  readonly count: CountRequest;
}

/** Who asked, as far as it is known. */
export interface Asker {
  /** The host that was asked, without its port. */
  readonly host?: string | undefined;
  readonly client?: string | undefined;
}

/** Writes one log line about a request when its connection is done with it, and counts it. */
export function noteWhenDone(
  { log, count }: RequestNotes,
  req: IncomingMessage,
  res: ServerResponse,
  facts: Facts,
  { host, client }: Asker,
): void {
  const started = performance.now();
  res.once('close', () => {
    const { id, fault, ...rest } = facts;
    // nginx's number for a client that left before it was answered; Node's own is 200 until then.
    const status = res.headersSent ? res.statusCode : 499;
    count(facts.operation ?? 'other', status);
    const entry = {
      id,
      method: req.method,
      host,
      // Without the query, which may carry what only the client should know.
      path: (req.url ?? '').split('?', 1)[0],
      status,
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
