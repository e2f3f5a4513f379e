import { CertificateError } from '../certificate-error.ts';
import { keepFolder, tighten } from '../keep.ts';
import { namesIn } from '../names.ts';
import type { Wish } from '../pair.ts';
import { servePrivateCa } from '../private-ca.ts';
import { served } from '../served.ts';
import type { ServedCertificates } from '../served.ts';
import { OVERLAP, day } from '../validity.ts';
import type { AcmeSettings } from './settings.ts';
import { holdsForAny, readStored, storedPath } from './stored.ts';
import type { StoredPair } from './stored.ts';

/**
 * Profile `acme`: the certificate that was ordered last, and while there is none for any of the hosts, one of a CA of
 * the folder's own. An expired one stays: the clock may be ours that errs, and clients then say what is the matter.
 * Nothing is ordered here. Throws a CertificateError when a person has to act.
 */
export async function serveAcme(
  directory: string,
  { server }: AcmeSettings,
  wish: Wish,
): Promise<ServedCertificates> {
  const warnings = await keepFolder(directory);
  const stored = await readStored(directory);
  if (stored !== undefined && !('fault' in stored) && holdsForAny(stored, wish.names)) {
    return served({
      ...stored,
      authority: undefined,
      takeover: undefined,
      issued: 'kept',
      reason: `issued by ${hostOf(stored.server)} on ${day(stored.chain[0].validFromDate)}`,
      warnings: [
        ...warnings,
        ...(await tighten(storedPath(directory), 0o600)),
        ...warningsOf(stored, wish, storedPath(directory)),
      ],
    });
  }
  const fault = stored !== undefined && 'fault' in stored ? stored.fault : undefined;
  // What was served before goes on being served.
  if (fault !== undefined && wish.occasion !== 'start') throw new CertificateError(fault);
  const choice = { own: undefined, overlap: OVERLAP, constrainNames: false };
  const own = await servePrivateCa(directory, choice, wish);
  return { ...own, warnings: [...own.warnings, meanwhile(server, fault)] };
}

function meanwhile(server: Readonly<URL>, fault: string | undefined): string {
  return `${fault ?? `there is no certificate from ${server.host} for these hosts yet`}: until there is one, clients are shown one of Dockgate's own CA, which they accept only when they were given /ca.crt`;
}

function warningsOf({ chain: [leaf] }: StoredPair, { names, now }: Wish, path: string): string[] {
  const held = new Set(namesIn(leaf));
  const missing = names.filter((name) => !held.has(name));
  return [
    ...(now > leaf.validToDate
      ? [
          `the certificate in ${path} expired on ${day(leaf.validToDate)}, clients refuse it; the log says why there is no new one`,
        ]
      : []),
    ...(missing.length > 0
      ? [
          `the certificate in ${path} does not hold for ${missing.join(', ')}: clients refuse it under these names`,
        ]
      : []),
  ];
}

function hostOf(server: string | undefined): string {
  return URL.parse(server ?? '')?.host ?? 'an ACME server';
}
