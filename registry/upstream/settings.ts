/** What is known of one address of an upstream, enough to speak with it; all times in ms. */
export interface ClientSettings {
  /** The proxy repository, for messages. */
  readonly name: string;
  /** Where the upstream's `/v2/` lies, without it: `https://quay.io`, `https://nexus.example/repository/docker`. */
  readonly url: URL;
  readonly username?: string;
  readonly password?: string;
  /** PEM of authorities to trust besides the usual ones, as docker does with certs.d. */
  readonly ca?: string;
  /** Who we are to a host that asks for a certificate; both PEM. RFC 8446 4.4.2. */
  readonly clientCertificate?: ClientCertificate;
  /** The proxies on the way out; none by default, the environment is not looked at. */
  readonly outbound?: Outbound;
  /** Whether manifests of schema 1 are taken. */
  readonly schema1?: boolean;
  readonly userAgent?: string;
  /** How long a connection may take to open, TLS included; 10 s by default. */
  readonly connectTimeout?: number;
  /**
   * How long the upstream may think, and how long a request waits for its turn; 20 s by default. Our own clients wait
   * 30 s for a header, so this must be less: a whole short answer may take a quarter more.
   */
  readonly headersTimeout?: number;
  /** How long nothing of a body may come, 60 s by default; a download that moves may take for ever. */
  readonly bodyTimeout?: number;
  /** Requests at one time to one host, 32 by default; downloads and short questions are counted apart. */
  readonly maxConnections?: number;
  /** A clock that never goes back, for the age of tokens. */
  readonly now?: () => number;
}

/** One upstream, which may be had at several addresses. */
export interface UpstreamSettings extends Omit<ClientSettings, 'url'> {
  /** In order, at least one: the next is asked when one does not answer. */
  readonly urls: readonly URL[];
  /** Who answers a search; nobody by default. */
  readonly index?: URL;
  /** Whether an address that keeps failing is set aside for a growing pause; so by default. */
  readonly autoBlock?: boolean;
}

/** Certificate chain and key in PEM. */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Proxies on the way out, by what is asked for through them; they may hold username and password. */
export interface Outbound {
  readonly httpProxy?: URL;
  readonly httpsProxy?: URL;
  /** Hosts that are asked directly, apart by commas, as NO_PROXY has them. */
  readonly noProxy?: string;
}

/** The value of an Authorization header with the configured credentials. RFC 7617. */
export function basicAuthorization(
  settings: Pick<ClientSettings, 'username' | 'password'>,
): string | undefined {
  const { username, password = '' } = settings;
  if (username === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
