import type {
  HostedRepository,
  Promises,
  ReadableRepository,
  Reach,
  UploadSessions,
} from '../repositories/index.ts';
import type { Exchange } from './exchange.ts';
import type { Reply } from './reply.ts';
import type { BlobSender } from './send-blob.ts';
import type { SignSchema1 } from './schema1-signature.ts';

/**
 * Sees to what a manifest references that is in nobody's repository here, before it is stored; what it throws refuses the
 * push.
 */
export type Bring = (bytes: Uint8Array, contentType: string) => Promise<void>;

/** The repositories that an operation works on, by its route. */
export interface Target {
  /** Read from. */
  readonly source: ReadableRepository;
  readonly reach: Reach;
  /** Through which this client reads; what it sees there may be mounted and adopted. */
  readonly view: ReadableRepository;
  /** Written to; throws `unsupported` for a repository that is only read. */
  readonly hosted: () => HostedRepository;
  readonly uploads: UploadSessions;
  /** Given to who asks before a push. */
  readonly promises: Promises;
  readonly sender: BlobSender;
  /** Set when clients that take nothing newer are to get schema 1. */
  readonly schema1: SignSchema1 | undefined;
  /** Set where content of this push may be with somebody else. */
  readonly bring: Bring | undefined;
}

/** Decides the answer to one operation; what it throws becomes an error reply. */
export type Handler<O> = (exchange: Exchange, operation: O, target: Target) => Promise<Reply>;
