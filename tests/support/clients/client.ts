import type { Outcome } from '../process.ts';

/** A name and a password as a user types them. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/**
 * A real client with a store of its own, in a machine. `image` is `HOST/name:tag`. Commands give what the
 * client said and did; wrap them in `succeeded` where they must work. No client skips verification.
 */
export interface Client {
  readonly name: string;
  /** Makes the client trust a CA (PEM text) for one host, in the way its users do. */
  trust(host: string, ca: string): Promise<void>;
  login(host: string, credentials: Credentials): Promise<Outcome>;
  logout(host: string): Promise<Outcome>;
  /** Makes a local image with random layers of these sizes in bytes, without the network; gives its id. */
  make(image: string, layers?: readonly number[]): Promise<string>;
  push(image: string): Promise<Outcome>;
  pull(image: string): Promise<Outcome>;
  /** Gives a local image another name. */
  tag(from: string, to: string): Promise<Outcome>;
  /** Removes the image and its layers from the client's own store. */
  remove(image: string): Promise<Outcome>;
  /** The digest of the local image's configuration; undefined when the client does not have it. */
  id(image: string): Promise<string | undefined>;
  /** A second client on the same machine whose store is empty; what is trusted there stays trusted. */
  another(): Promise<Client>;
}

/** What a client says when no CA it trusts has signed the server's certificate: Go's words, in all of them. */
export const UNKNOWN_AUTHORITY = /x509: certificate signed by unknown authority/;
