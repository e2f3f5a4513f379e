import type { X509Certificate } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { Challenge } from './challenge.ts';
import type { Cleanup } from './cleanup.ts';
import type { ProbeImage } from './probe-image.ts';

/** Who logs in. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** The folders of a gateway that runs on this machine. */
export interface LocalData {
  /** What holds its database. */
  readonly data: string;
  /** What holds its blobs. */
  readonly blobs: string;
}

/** What a TLS server showed. */
export interface Handshake {
  /** The certificate of the server first, then its issuers as far as they were sent or are known here. */
  readonly chain: readonly [X509Certificate, ...X509Certificate[]];
  /** Why this machine does not trust the chain, as OpenSSL names it; undefined: it does. Dates are included, names not. */
  readonly fault: string | undefined;
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
}

/** Where a registry said that something is. */
export interface SeenLocation {
  /** Of the answer that had it, such as `POST`. */
  readonly of: string;
  /** As it was sent. */
  readonly text: string;
  readonly url: URL;
}

/** What checks find out for those that come after them. */
export interface Facts {
  /** Of the host, as this machine resolves it. */
  addresses: readonly string[];
  handshake?: Handshake;
  /** In ms, above zero when this machine's clock is ahead. */
  skew?: number;
  /** How the registry asks for credentials; undefined: it does not. */
  challenge?: Challenge;
  isDockgate: boolean;
  readonly locations: SeenLocation[];
  /** What was pushed whole. */
  pushed?: ProbeImage;
}

/** One examination, as a check sees it. */
export interface Visit {
  /** Scheme, host and port as a client has them. */
  readonly base: URL;
  /** Port of plain HTTP at the same host. */
  readonly plainPort: number;
  /** What is trusted: this machine's authorities and the given one. */
  readonly trust: SecureContext;
  /** The authority that was given, PEM. */
  readonly ca: string | undefined;
  /** Who is to log in; undefined: nobody was named. Throws Trouble. */
  readonly credentials: () => Promise<Credentials | undefined>;
  /** The OCI name under which the probe is pushed. */
  readonly name: string;
  /** Images to pull, as clients name them behind the host: `quay.io/podman/hello:latest`. */
  readonly images: readonly string[];
  readonly local: LocalData | undefined;
  /** Ms since 1970, by this machine's clock. */
  readonly now: () => number;
  /** In bytes: what is sent to find limits of size. */
  readonly largeSize: number;
  /** In ms: how long a transfer rests to find timeouts. */
  readonly pause: number;
  /** Aborted when the check, or all of it, has to end. */
  readonly signal: AbortSignal;
  readonly cleanup: Cleanup;
  readonly facts: Facts;
}
