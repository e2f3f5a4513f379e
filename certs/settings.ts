import type { AcmeSettings } from './acme/settings.ts';

/** What to serve, and where it is kept. */
export interface CertificateSettings {
  /** Where all profiles but `files` keep their files; made with mode 0700. */
  directory: string;
  profile: 'ca' | 'self-signed' | 'files' | 'acme';
  /** Hostnames, wildcard hosts, IPv4 and IPv6 addresses; at least one. */
  names: readonly string[];
  /** Profile `files`: path of the PEM chain, server certificate first. */
  cert?: string | undefined;
  /** Profile `files`: path of its PEM key. */
  key?: string | undefined;
  /** Profile `ca`: path of the operator's own CA, the one that signs first; goes with `caKey`. */
  caCert?: string | undefined;
  /** Profile `ca`: path of its PEM key. */
  caKey?: string | undefined;
  /** Profile `ca`: whether a CA that is made is kept to `names` and what is under them. */
  constrainNames?: boolean | undefined;
  /** Profile `ca`: how long clients are given both CAs before the next takes over, in milliseconds; 30 days when left out. */
  overlap?: number | undefined;
  /** Profile `acme`: who issues. */
  acme?: AcmeSettings | undefined;
  /** The time to judge and issue by; the machine's clock when left out. */
  now?: Date | undefined;
}
