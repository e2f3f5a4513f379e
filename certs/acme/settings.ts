/** Which ACME server (RFC 8555) issues, and by which way it is asked. */
export interface AcmeSettings {
  /** The address of its directory (RFC 8555, 7.1.1). */
  server: Readonly<URL>;
  /** Where the server may write to about the account. */
  email: string | undefined;
  /** Path of a PEM file to trust for the server, next to the public authorities. */
  ca: string | undefined;
  /** An account that its operator knows already (RFC 8555, 7.3.4). */
  externalAccount: ExternalAccount | undefined;
  /** The plain HTTP port of this machine, for messages. */
  port: number;
  /** The proxy through which an address is asked for; undefined: none. */
  proxyFor: (url: URL) => URL | undefined;
}

/** What an ACME server's operator hands out for binding accounts; the key is base64url. */
export interface ExternalAccount {
  kid: string;
  hmacKey: string;
}
