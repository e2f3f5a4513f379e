import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';

/** A key with its certificate chain, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What a port presents: one for everybody, and others for some hosts, by lower-case name or `*.name`. */
export interface KeyPairs {
  readonly main: KeyPair;
  readonly byHost: ReadonlyMap<string, KeyPair>;
}

/** The TLS settings by which a key pair is presented. */
export function presenting({ certificate, key }: KeyPair): SecureContextOptions {
  return { cert: certificate, key, minVersion: 'TLSv1.2' };
}

/** Finds the key pair of the host that a client names in its first words; undefined: the main one. RFC 6066, section 3. */
export type FindContext = (host: string) => SecureContext | undefined;

/** Makes the contexts of the hosts that have a key pair of their own. */
export function contextFinder({ byHost }: KeyPairs): FindContext {
  const contexts = new Map([...byHost].map(([host, pair]) => [host, createSecureContext(presenting(pair))]));
  return (named) => {
    const host = named.toLowerCase();
    return contexts.get(host) ?? contexts.get(host.replace(/^[^.]+/, '*'));
  };
}
