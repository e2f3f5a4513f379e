import type { Facts } from '../../registry/index.ts';

/** Where one request goes, and what its client knows of us. */
export interface Forwarding {
  /** Scheme, host, port of the backend, and a path that is put in front of every request's own. */
  readonly address: Readonly<URL>;
  /** Scheme, host and port as the client used them, `https://old.io`. */
  readonly origin: string;
  /** IP address of the client. */
  readonly client: string;
  /** True: `Location` and `Link` that lead to the backend are made to lead here. */
  readonly rewriteLocations: boolean;
  /** What is sent instead of the client's own Authorization; null: none. Left out: the client's own. */
  readonly authorization?: string | null;
  /** True: that it refuses our own login is not the client's affair, whose login was good. */
  readonly hidesLogin?: boolean;
  /** Path and query for the backend, instead of the request's own under the path of its address. */
  readonly target?: string;
  /** Sent instead of the request's own body, which somebody has read. */
  readonly body?: Uint8Array;
  /** Where clients are to ask for a token instead of at this realm of a challenge; left out, or undefined: there. */
  readonly publicRealm?: (realm: string) => string | undefined;
  /** Told the code of a refusal of ours, and why; the client is not told of addresses behind us. */
  readonly facts?: Facts;
}
