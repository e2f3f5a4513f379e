import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { storedPath } from './acme/stored.ts';
import { choiceOf } from './ensure.ts';
import { readKept } from './keep.ts';
import { namesIn } from './names.ts';
import { certificatesIn } from './pem.ts';
import { renewalOf } from './renewal.ts';
import { fingerprintOf } from './served.ts';
import type { ServedCertificates } from './served.ts';
import { servedFiles } from './served-files.ts';
import type { CertificateSettings } from './settings.ts';
import { readSuccession } from './succession.ts';

/** What there is to know of one certificate. */
export interface CertificateReport {
  /**
   * `cross`: says of a CA that one which clients know already trusts it; `intermediate`: a CA between the server's and
   * the one that clients know. Both are sent after the server certificate.
   */
  role: 'authority' | 'next authority' | 'cross' | 'intermediate' | 'server';
  /** Where it is kept. */
  file: string;
  /** One line, `O=Dockgate, CN=…`. */
  subject: string;
  issuer: string;
  names: string[];
  notBefore: Date;
  notAfter: Date;
  /** `SHA256:` and 32 upper-case hexadecimal pairs with colons, over its DER. */
  fingerprint: string;
  /** Server: when it is renewed, undefined when that is the operator's to do. Next authority: when it takes over. */
  due: Date | undefined;
}

type Timeless = Omit<CertificateSettings, 'now'>;
type Content = Pick<ServedCertificates, 'authority' | 'takeover'> & { certificate: string | undefined };

/** What the settings serve by the files that are there now; nothing is made or changed. Throws a CertificateError when a file is wrong. */
export async function reportCertificates(settings: Timeless): Promise<CertificateReport[]> {
  const { directory, profile } = settings;
  const files = await servedFiles(settings);
  const next = profile === 'ca' ? await readSuccession(directory) : undefined;
  return reportServed(settings, {
    certificate: await readKept(files.crt),
    authority: files.hasAuthority ? await readKept(join(directory, 'ca.crt')) : undefined,
    takeover: next && new Date(next.begun.getTime() + choiceOf(settings).overlap),
  });
}

/** The same of what a gateway serves by the settings. */
export function reportServed(
  settings: Timeless,
  { certificate, authority, takeover }: Content,
): CertificateReport[] {
  const files = filesOf(settings, authority !== undefined);
  const [server, ...sent] = certificate === undefined ? [] : certificatesIn(certificate, files.server);
  const trusted = authority === undefined ? [] : certificatesIn(authority, files.authority);
  const isServer = (each: X509Certificate): boolean => server?.raw.equals(each.raw) === true;
  const authorities = trusted
    .filter((each) => !isServer(each))
    .map((each, at) =>
      takeover !== undefined && at > 0 && at === trusted.length - 1
        ? described('next authority', join(settings.directory, 'ca-next.crt'), each, takeover)
        : described('authority', files.authority, each),
    );
  const isOurs = authority !== undefined && settings.caCert === undefined;
  const between = isOurs ? 'cross' : 'intermediate';
  const bridges = sent
    .filter((each) => !trusted.some(({ raw }) => raw.equals(each.raw)))
    .map((each) => described(between, files.server, each));
  if (server === undefined) return authorities;
  const validity = { notBefore: server.validFromDate, notAfter: server.validToDate };
  const due = settings.profile === 'files' ? undefined : renewalOf(validity);
  return [...authorities, ...bridges, described('server', files.server, server, due)];
}

/** Without an authority of ours, what was ordered is served, or what the operator gave. */
function filesOf(
  { directory, profile, cert }: Timeless,
  hasAuthority: boolean,
): { server: string; authority: string } {
  const ordered = profile === 'acme' && !hasAuthority ? storedPath(directory) : undefined;
  const given = profile === 'files' ? cert : undefined;
  return {
    server: ordered ?? given ?? join(directory, 'server.crt'),
    authority: join(directory, 'ca.crt'),
  };
}

function described(
  role: CertificateReport['role'],
  file: string,
  certificate: X509Certificate,
  due?: Date,
): CertificateReport {
  return {
    role,
    file,
    subject: oneLine(certificate.subject),
    issuer: oneLine(certificate.issuer),
    names: namesIn(certificate),
    notBefore: certificate.validFromDate,
    notAfter: certificate.validToDate,
    fingerprint: fingerprintOf(certificate),
    due,
  };
}

/** Node gives undefined for an empty name, whatever its types say, and a line for each part of others. */
function oneLine(name: string | undefined): string {
  return (name ?? '').replaceAll('\n', ', ');
}
