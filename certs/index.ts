import { serveFiles } from './files.ts';
import { canonicalNames } from './names.ts';
import { servePrivateCa } from './private-ca.ts';
import { serveSelfSigned } from './self-signed.ts';
import type { ServedCertificates } from './served.ts';

export { CertificateError } from './certificate-error.ts';
export { machineNames } from './names.ts';
export type { ServedCertificates } from './served.ts';

/** What to serve, and where it is kept. */
export interface CertificateSettings {
  /** Where the profiles `ca` and `self-signed` keep their files; made with mode 0700. */
  directory: string;
  profile: 'ca' | 'self-signed' | 'files';
  /** Hostnames, wildcard hosts, IPv4 and IPv6 addresses; at least one. */
  names: readonly string[];
  /** Profile `files`: path of the PEM chain, server certificate first. */
  cert?: string | undefined;
  /** Profile `files`: path of its PEM key. */
  key?: string | undefined;
  /** The time to judge and issue by; the machine's clock when left out. */
  now?: Date | undefined;
}

/**
 * The certificates to serve at this start: read, made or renewed as the profile says. Processes that start at once in
 * one folder take turns. Throws a CertificateError when a person has to act.
 */
export async function ensureCertificates(settings: CertificateSettings): Promise<ServedCertificates> {
  const { directory, profile, cert, key, now = new Date() } = settings;
  const names = canonicalNames(settings.names);
  switch (profile) {
    case 'ca':
      return servePrivateCa(directory, names, now);
    case 'self-signed':
      return serveSelfSigned(directory, names, now);
    case 'files':
      return serveFiles({ cert, key }, names, now);
  }
}
