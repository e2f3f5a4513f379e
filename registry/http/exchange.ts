import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Caller, Operation } from '../model/index.ts';
import type { Reach, Source } from '../repositories/index.ts';

/** What the log line of a request says besides method, status and time; never a credential. */
export interface Facts {
  /** What the client is told as X-Request-Id, so that it can be found in the log. */
  id?: string;
  operation?: Operation['kind'];
  name?: string;
  user?: string | undefined;
  repository?: string;
  member?: string;
  /** Whether it was pushed here, kept from an upstream, or asked of it just now; and how many seconds ago it was confirmed. */
  source?: Source['from'];
  age?: number;
  /** Why an old copy stood in for the upstream. */
  stale?: string;
  /** Members that were asked before. */
  passed?: readonly string[];
  /** The registry whose mirror the client takes us for. */
  namespace?: string;
  /** What was asked, when it has a digest or a tag. */
  digest?: string;
  /** Whether somebody in front of us was told to send the blob. */
  delegated?: true;
  /** Blobs that were linked from other members instead of being uploaded. */
  adopted?: number;
  /** The wire code of a refusal, and for a fault of ours its stack. */
  error?: string;
  fault?: string;
}

/** Where the client thinks it is talking to. */
export interface Door {
  /** Scheme, host and port as the client used them, `https://idocker.io`; the token realm is built from it (trap T9). */
  readonly origin: string;
  /**
   * What to tell whoever stands in front of us, so that it sends a file of the blob store itself in our place: headers,
   * from the `file` of a BlobReader. Undefined where nobody does.
   */
  readonly delegate?: ((file: string) => Readonly<Record<string, string>>) | undefined;
}

/** A request that was read and let in, on its way to an answer. */
export interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly door: Door;
  readonly operation: Operation;
  readonly caller: Caller;
  readonly facts: Facts;
  /** The registry whose mirror the client takes us for: the `ns` of the query, unless that is a host of ours. */
  readonly namespace: string | undefined;
}

/** Which repository answers an operation, decided by whoever knows hosts and connectors. */
export interface Route {
  /** The repository that is read from or written to. */
  readonly repository: string;
  /** The repository through which this client reads: what it sees there may be mounted and adopted. */
  readonly view: string;
  readonly reach: Reach;
}
