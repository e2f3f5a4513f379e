/** What is known of an upstream; all times in ms. */
export interface UpstreamSettings {
  /** The proxy repository, for messages. */
  readonly name: string;
  /** Where the upstream's `/v2/` lies, without it: `https://quay.io`, `https://nexus.example/repository/docker`. */
  readonly url: URL;
  readonly username?: string;
  readonly password?: string;
  /** PEM of authorities to trust besides the usual ones, as docker does with certs.d. */
  readonly ca?: string;
  /** Whether manifests of schema 1 are taken. */
  readonly schema1?: boolean;
  readonly userAgent?: string;
  /** How long a connection may take to open, TLS included. */
  readonly connectTimeout?: number;
  /** How long the upstream may think; our own clients wait 30 s for a header, so this must be less. */
  readonly headersTimeout?: number;
  /** How long nothing of a body may come; a body that moves may take for ever. */
  readonly bodyTimeout?: number;
  /** A clock that never goes back, for the age of tokens. */
  readonly now?: () => number;
}

/** The value of an Authorization header with the configured credentials. RFC 7617. */
export function basicAuthorization(settings: UpstreamSettings): string | undefined {
  const { username, password = '' } = settings;
  if (username === undefined) return undefined;
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
