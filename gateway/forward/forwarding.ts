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
  /** Told the code of a refusal of ours, and why; the client is not told of addresses behind us. */
  readonly facts?: Facts;
}
