import type { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { readCrosses, withoutRoots } from './cross.ts';
import { choiceOf } from './ensure.ts';
import { readKept } from './keep.ts';
import { namesIn } from './names.ts';
import { certificatesIn } from './pem.ts';
import { renewalOf } from './renewal.ts';
import { fingerprintOf } from './served.ts';
import { servedFiles } from './served-files.ts';
import type { CertificateSettings } from './settings.ts';
import { readSuccession } from './succession.ts';

/** What there is to know of one certificate. */
export interface CertificateReport {
  /** `cross`: says of a CA that one which clients know already trusts it; sent with the server certificate. */
  role: 'authority' | 'next authority' | 'cross' | 'server';
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

/** What the settings serve by the files that are there now; nothing is made or changed. Throws a CertificateError when a file is wrong. */
export async function reportCertificates(settings: CertificateSettings): Promise<CertificateReport[]> {
  const { profile } = settings;
  const { crt: path, hasAuthority } = await servedFiles(settings);
  const [server] = await certificatesAt(path);
  // A self-signed certificate is its own authority.
  const authorities = hasAuthority && profile !== 'self-signed' ? await reportAuthorities(settings) : [];
  if (server === undefined) return authorities;
  const validity = { notBefore: server.validFromDate, notAfter: server.validToDate };
  const due = profile === 'files' ? undefined : renewalOf(validity);
  return [...authorities, described('server', path, server, due)];
}

async function reportAuthorities(settings: CertificateSettings): Promise<CertificateReport[]> {
  const { directory, caCert } = settings;
  if (caCert !== undefined) {
    return (await certificatesAt(caCert)).map((each) => described('authority', caCert, each));
  }
  const next = await readSuccession(directory);
  const path = join(directory, 'ca.crt');
  const present = (await certificatesAt(path)).filter(({ raw }) => next?.root.raw.equals(raw) !== true);
  const takeover = next && new Date(next.begun.getTime() + choiceOf(settings).overlap);
  const crosses = withoutRoots(await readCrosses(directory));
  return [
    ...present.map((each) => described('authority', path, each)),
    ...(next ? [described('next authority', join(directory, 'ca-next.crt'), next.root, takeover)] : []),
    ...crosses.map((each) => described('cross', join(directory, 'ca-cross.crt'), each)),
  ];
}

async function certificatesAt(path: string): Promise<X509Certificate[]> {
  const text = await readKept(path);
  return text === undefined ? [] : certificatesIn(text, path);
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
