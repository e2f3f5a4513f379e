import type { Position } from '../parse.ts';
import type { Scope } from './scope.ts';
import type { Upstream } from './upstream.ts';

/** A header that nginx sends to the backend. */
export interface SentHeader {
  readonly name: string;
  /** As written, with its variables. */
  readonly template: string;
  /** Undefined when it is not known; empty ones are not sent. */
  readonly value: string | undefined;
  /** Undefined for what nginx sends without being told. */
  readonly at?: Position;
}

/** What holds for a request that is passed on. Times in seconds, sizes in bytes. */
export interface Limits {
  /** 0: none. */
  readonly bodySize: number;
  readonly requestBuffering: boolean;
  readonly buffering: boolean;
  /** How much of an answer is kept in a file while the client is slow; 0: nothing. */
  readonly maxTempFileSize: number;
  readonly connectTimeout: number;
  readonly readTimeout: number;
  readonly sendTimeout: number;
  readonly clientBodyTimeout: number;
  readonly clientSendTimeout: number;
  readonly httpVersion: string;
}

/** It is passed on by `proxy_pass`. */
export interface Proxied {
  readonly kind: 'proxy';
  readonly scheme: 'http' | 'https';
  /** `host:port` or `unix:/path`: those of the upstream that are neither down nor backup, or the one that is named. */
  readonly addresses: readonly string[];
  readonly upstream?: Upstream;
  /** The host as `proxy_pass` names it, which is `$proxy_host`. */
  readonly target: string;
  readonly method: string;
  /** Path and query as sent. */
  readonly uri: string;
  readonly headers: readonly SentHeader[];
  readonly limits: Limits;
  readonly scope: Scope;
  readonly by: Position;
}

/** nginx answers itself. */
export interface Returned {
  readonly kind: 'return';
  readonly status: number;
  /** Where it sends the client. */
  readonly location?: string;
  /** It is written in the file, and no error page takes its place. */
  readonly hasText?: boolean;
  readonly scope: Scope;
  readonly by: Position;
}

/** Something else answers: `files` of this machine, or `fastcgi_pass` and its like. */
export interface Otherwise {
  readonly kind: 'other';
  readonly handler: string;
  readonly scope: Scope;
  readonly by: Position;
}

/** It depends on something that is not in the file or the request. */
export interface Unclear {
  readonly kind: 'unknown';
  readonly why: string;
  readonly by: Position;
}

/** Where a request goes. */
export type Outcome = Proxied | Returned | Otherwise | Unclear;
