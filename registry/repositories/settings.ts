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
  readonly upstream: URL;
  /** The first component under which a group finds this upstream's names: `HOST/<prefix>/name`. */
  readonly prefix: string;
  /** Whether the upstream knows `x` as `library/x`. */
  readonly library: boolean;
  /** Globs of names that may be asked of it; undefined for all. */
  readonly routes: readonly string[] | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** PEM certificates that the upstream's is verified with, in place of the system's. */
  readonly ca: string | undefined;
  readonly tagMaxAge: number;
  readonly notFoundMaxAge: number;
  readonly offline: boolean;
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
