import type { Position } from '../parse.ts';

/** Something that is written into dockgate.yaml, and the lines that it comes from. */
export interface Traced<T> {
  readonly value: T;
  readonly from: readonly Position[];
}

/** Two PEM files. */
export interface KeyPair {
  readonly cert: Traced<string>;
  readonly key: Traced<string>;
}

/** How a backend is spoken to, by the keys of dockgate.yaml. */
export interface BackendKeys {
  readonly ca?: Traced<string>;
  readonly clientCert?: Traced<string>;
  readonly clientKey?: Traced<string>;
  readonly username?: Traced<string>;
  readonly password?: Traced<string>;
}

/** Where the requests to a host go. */
export type Destination =
  | { readonly forward: Traced<string> }
  | { readonly read: Traced<readonly string[]>; readonly write?: Traced<string> };

/** An entry of `hosts`. */
export interface PlannedHost extends BackendKeys {
  readonly name: Traced<string>;
  readonly destination: Destination;
  readonly login?: Traced<'gateway'>;
  readonly tls?: KeyPair;
}

/** A proxy repository that takes the place of a cache. */
export interface PlannedRepository extends BackendKeys {
  readonly name: Traced<string>;
  readonly upstream: Traced<readonly string[]>;
  readonly maxSize?: Traced<string>;
  readonly maxUnused?: Traced<string>;
}

/** A dockgate.yaml before it is written; what is left out has its default. */
export interface Plan {
  readonly https?: Traced<number>;
  readonly http?: Traced<number>;
  readonly proxyProtocol?: Traced<true>;
  readonly tls?: KeyPair;
  readonly hosts: readonly PlannedHost[];
  readonly repositories: readonly PlannedRepository[];
  readonly anonymous?: Traced<'pull'>;
  readonly htpasswd?: Traced<string>;
  readonly trustedProxies: readonly Traced<string>[];
}
