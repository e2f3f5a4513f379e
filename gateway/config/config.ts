/**
 * The configuration as the rest of the gateway sees it: complete, every default filled in, every path absolute,
 * durations in milliseconds, sizes in bytes, and frozen. Only loadConfig makes one.
 */
export interface Config {
  /** Absolute path of the file it came from; undefined when none was read. */
  readonly file: string | undefined;
  /** Absolute path of the folder for everything Dockgate writes. */
  readonly data: string;
  /** By host: lower-case name, `*.name`, or canonical IP address without brackets. In the order of the file. */
  readonly hosts: ReadonlyMap<string, HostConfig>;
  readonly listen: ListenConfig;
  /** In order of port. */
  readonly connectors: readonly ConnectorConfig[];
  /** Always has `default`. */
  readonly blobStores: ReadonlyMap<string, BlobStoreConfig>;
  readonly tls: TlsConfig;
  readonly repositories: ReadonlyMap<string, RepositoryConfig>;
  readonly auth: AuthConfig;
  /** Senders whose X-Forwarded-* headers and PROXY headers are believed. */
  readonly trustedProxies: readonly AddressRange[];
  /**
   * Where trusted proxies that say so find the blobs: the path of nginx's internal location, with slashes at both ends.
   * Undefined: every blob is sent by us.
   */
  readonly accelRedirect: string | undefined;
  readonly compatibility: CompatibilityConfig;
  /** What is fetched without being asked for; undefined: nothing. */
  readonly prefetch: PrefetchConfig | undefined;
  readonly outbound: OutboundConfig;
  readonly log: LogConfig;
}

/** Where the requests to one host go. */
export type HostConfig = (SplitHost | PageHost | ForwardHost) & {
  /** The certificate of this host alone; undefined: the one of all hosts. */
  readonly certificate: CertificateFiles | undefined;
};

/** Absolute paths of PEM files. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

/** Reads and writes of the registry go to a target each; `write` undefined: writes are refused. */
export interface SplitHost {
  readonly kind: 'split';
  readonly read: Target;
  /** An embedded target is always a hosted repository: a group is replaced by its writable member. */
  readonly write: Target | undefined;
  readonly web: boolean;
  /** How those of the targets are spoken to that are addresses; undefined when none is. */
  readonly backend: BackendConfig | undefined;
}

/** How a registry is spoken to that somebody else runs. */
export interface BackendConfig {
  /** Who checks the login of clients: the registry behind us, or we ourselves. */
  readonly login: 'backend' | 'gateway';
  /** What we say to it when we check; undefined: it asks for nothing. */
  readonly credentials: UpstreamCredentials | undefined;
  /** Absolute path of a PEM file to trust for it, next to the public authorities. */
  readonly ca: string | undefined;
  /** Absolute paths of the PEM files that it knows Dockgate by. */
  readonly clientCertificate: CertificateFiles | undefined;
}

/** The page only, no registry. */
export interface PageHost {
  readonly kind: 'page';
  readonly web: true;
}

/** Every request is passed on untouched. */
export interface ForwardHost {
  readonly kind: 'forward';
  readonly forward: Readonly<URL>;
  readonly backend: BackendConfig;
}

/** A repository of the embedded registry, or the addresses of somebody else's, tried in order; for writes it is one. */
export type Target = { readonly repository: string } | { readonly addresses: readonly Readonly<URL>[] };

/** Ports; false: not served, 0: any free one. */
export interface ListenConfig {
  readonly https: number | false;
  readonly http: number | false;
  /** Whether connections from trusted proxies begin with a PROXY header, on both. */
  readonly proxyProtocol: boolean;
}

/** A port that serves one repository. */
export interface ConnectorConfig {
  readonly port: number;
  readonly repository: string;
  readonly tls: boolean;
  /** IP address to bind; undefined: all of them. */
  readonly address: string | undefined;
  /** Whether connections from trusted proxies begin with a PROXY header. */
  readonly proxyProtocol: boolean;
}

export interface BlobStoreConfig {
  readonly type: 'filesystem';
  /** Absolute folder. */
  readonly path: string;
  /** Bytes; undefined: no limit. */
  readonly quota: number | undefined;
}

/** Who signs the server certificate; `files`: absolute paths of PEM files. */
export type TlsConfig =
  | CaConfig
  | { readonly profile: 'self-signed' }
  | { readonly profile: 'files'; readonly cert: string; readonly key: string }
  | { readonly profile: 'acme'; readonly acme: AcmeConfig };

/** A CA of one's own signs: one that Dockgate makes, or the one in two files. */
export interface CaConfig {
  readonly profile: 'ca';
  /** Absolute paths of PEM files; both or neither. */
  readonly caCert: string | undefined;
  readonly caKey: string | undefined;
  /** Whether a CA that Dockgate makes may certify the configured hosts only. */
  readonly constrainNames: boolean;
  /** Milliseconds for which clients are given the present CA and the next before the next one signs. */
  readonly overlap: number;
}

/** The ACME server that issues, and how it knows us. */
export interface AcmeConfig {
  /** The https URL of its directory. */
  readonly directory: Readonly<URL>;
  readonly email: string | undefined;
  /** Absolute path of a PEM file to trust for this server, next to the public authorities. */
  readonly ca: string | undefined;
  /** Who we are to a server that knows its customers; the key is base64url and secret. */
  readonly externalAccount: { readonly kid: string; readonly hmacKey: string } | undefined;
}

export type RepositoryConfig = HostedConfig | ProxyConfig | GroupConfig;

/** Stores what is pushed to it. */
export interface HostedConfig {
  readonly type: 'hosted';
  readonly online: boolean;
  readonly blobStore: string;
  readonly deployment: 'allow' | 'once' | 'latest-only' | 'read-only';
  /** Patterns of names that are never asked of an upstream. */
  readonly private: readonly string[];
}

/** A pull-through cache of one upstream registry. Times in milliseconds. */
export interface ProxyConfig {
  readonly type: 'proxy';
  readonly blobStore: string;
  /**
   * The addresses of the upstream, at least one, in the order in which they are tried. Without credentials and query;
   * a path, if any, goes in front of /v2/ and has no slash at its end.
   */
  readonly upstreams: readonly Readonly<URL>[];
  /** First component of the names that mean this upstream, such as `quay.io`. */
  readonly prefix: string;
  /** Whether a single-component name x is asked upstream as library/x. */
  readonly library: boolean;
  /** Who answers a search; undefined: nobody. */
  readonly index: Readonly<URL> | undefined;
  /** Patterns of unprefixed names that may be asked of the upstream; undefined: all. */
  readonly routes: readonly string[] | undefined;
  readonly credentials: UpstreamCredentials | undefined;
  /** Absolute path of a PEM file to trust for this upstream, next to the public authorities. */
  readonly ca: string | undefined;
  /** Absolute paths of the PEM files that this upstream knows Dockgate by. */
  readonly clientCertificate: CertificateFiles | undefined;
  /** How long a connection may take to open. */
  readonly connectTimeout: number;
  /** How long the upstream may think before it answers. */
  readonly headersTimeout: number;
  /** How long nothing of a body may come. */
  readonly bodyTimeout: number;
  /** Requests at one time to one address of the upstream; downloads and short questions are counted apart. */
  readonly maxConnections: number;
  readonly tagMaxAge: number;
  /** How long after tagMaxAge the old answer still goes out while it is revalidated behind it. RFC 5861, section 3. */
  readonly staleWhileRevalidate: number;
  readonly notFoundMaxAge: number;
  /** Whether the list of an image's tags is that of the cache alone, or has the upstream's in it. */
  readonly tags: 'cached' | 'upstream';
  /** Whether an address that keeps failing is left alone for a growing pause. */
  readonly autoBlock: boolean;
  readonly offline: boolean;
  /** Bytes above which the least recently pulled goes; undefined: no limit. */
  readonly maxSize: number | undefined;
  /** How long something that nobody pulls is kept; undefined: for ever. */
  readonly maxUnused: number | undefined;
}

export interface UpstreamCredentials {
  readonly username: string;
  readonly password: string;
}

/** An ordered list of other repositories behind one address. */
export interface GroupConfig {
  readonly type: 'group';
  readonly members: readonly string[];
  /** The hosted member that takes what is pushed to the group; undefined: the group is read-only. */
  readonly writable: string | undefined;
}

export interface AuthConfig {
  /** What a caller without a login may do. */
  readonly anonymous: 'none' | 'pull';
  /** Absolute path. */
  readonly htpasswd: string | undefined;
  readonly roles: ReadonlyMap<string, readonly Grant[]>;
  /** Role names by user name. */
  readonly assign: ReadonlyMap<string, readonly string[]>;
}

/** What a role may do with the names that match. */
export interface Grant {
  readonly names: readonly string[];
  readonly actions: readonly ('pull' | 'push' | 'delete')[];
}

/** As `net.BlockList.addSubnet` takes it. */
export interface AddressRange {
  readonly address: string;
  readonly prefix: number;
  readonly family: 'ipv4' | 'ipv6';
}

/** What is done for clients and upstreams of old. */
export interface CompatibilityConfig {
  /** Whether images are also read as Docker's schema 1. */
  readonly schema1: boolean;
}

/** What is fetched into the caches of its own accord, again and again. */
export interface PrefetchConfig {
  /** As clients name them: `nginx:1.27` through the first host that reads from a repository, or `HOST/nginx:1.27`. */
  readonly images: readonly string[];
  /** `os/architecture` or `os/architecture/variant`; or every platform that an image has. */
  readonly platforms: readonly string[] | 'all';
  /** Milliseconds from one round to the next. */
  readonly interval: number;
}

/** The proxies on the way to upstreams; they may have credentials in them, which are never to be shown. */
export interface OutboundConfig {
  /** For addresses with http. */
  readonly httpProxy: Readonly<URL> | undefined;
  /** For addresses with https. */
  readonly httpsProxy: Readonly<URL> | undefined;
  /** What is reached directly, separated by commas: hosts and what is under them, addresses, CIDR ranges; `*` is all. */
  readonly noProxy: string | undefined;
}

export interface LogConfig {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly format: 'json' | 'text';
}
