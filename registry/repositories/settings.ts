/** A repository that stores what is pushed to it. */
export interface HostedSettings {
  readonly type: 'hosted';
  readonly online: boolean;
  /** Which tags may be written: all, each once, only `latest` again, none. Nexus calls it the deployment policy. */
  readonly deployment: 'allow' | 'once' | 'latest-only' | 'read-only';
  /** Globs of names that are never asked of an upstream. */
  readonly private: readonly string[];
}

/** A pull-through cache of one upstream registry. Times in ms. */
export interface ProxySettings {
  readonly type: 'proxy';
  /** Addresses of the upstream, at least one, in the order in which they are tried. */
  readonly upstreams: readonly URL[];
  /** The first component under which a group finds this upstream's names: `HOST/<prefix>/name`. */
  readonly prefix: string;
  /** Whether the upstream knows `x` as `library/x`. */
  readonly library: boolean;
  /** Who answers a search; undefined: nobody. */
  readonly index: URL | undefined;
  /** Globs of names that may be asked of it; undefined for all. */
  readonly routes: readonly string[] | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** PEM certificates that the upstream's is verified with, in place of the system's. */
  readonly ca: string | undefined;
  /** What the upstream knows us by; PEM. */
  readonly clientCertificate: { readonly cert: string; readonly key: string } | undefined;
  /** How long a connection may take to open. */
  readonly connectTimeout: number;
  /** How long the upstream may think. */
  readonly headersTimeout: number;
  /** How long nothing of a body may come. */
  readonly bodyTimeout: number;
  /** Requests at one time to one address of the upstream; downloads and short questions are counted apart. */
  readonly maxConnections: number;
  readonly tagMaxAge: number;
  /** How long after tagMaxAge the old answer still goes out while it is revalidated behind it. RFC 5861, section 3. */
  readonly staleWhileRevalidate: number;
  readonly notFoundMaxAge: number;
  /** Whether tags/list has the upstream's tags in it. */
  readonly tags: 'cached' | 'upstream';
  /** Whether an address that keeps failing is set aside for a growing pause. */
  readonly autoBlock: boolean;
  readonly offline: boolean;
  /** Bytes above which the least recently pulled is evicted; undefined: no limit. */
  readonly maxSize: number | undefined;
  /** What was not pulled for so long is evicted; undefined: nothing is. */
  readonly maxUnused: number | undefined;
}

/** An ordered list of repositories behind one address. */
export interface GroupSettings {
  readonly type: 'group';
  readonly members: readonly string[];
  /** The hosted repository that takes what is written to the group. */
  readonly writable: string | undefined;
}

/** What a repository is. */
export type RepositorySettings = HostedSettings | ProxySettings | GroupSettings;
