import { serveAcme } from './acme/serve.ts';
import type { AcmeSettings } from './acme/settings.ts';
import { CertificateError } from './certificate-error.ts';
import { serveFiles } from './files.ts';
import { canonicalNames } from './names.ts';
import { servePrivateCa } from './private-ca.ts';
import type { CaChoice } from './private-ca.ts';
import type { Occasion } from './renewal.ts';
import { serveSelfSigned } from './self-signed.ts';
import type { ServedCertificates } from './served.ts';
import type { CertificateSettings } from './settings.ts';
import { OVERLAP } from './validity.ts';

/**
 * The certificates to serve: read, made or renewed as the profile and the occasion say. Processes that do this at once
 * in one folder take turns. Throws a CertificateError when a person has to act.
 */
export async function ensureOn(
  occasion: Occasion,
  settings: CertificateSettings,
): Promise<ServedCertificates> {
  const { directory, profile, cert, key, now = new Date() } = settings;
  const names = canonicalNames(settings.names);
  switch (profile) {
    case 'ca':
      return servePrivateCa(directory, choiceOf(settings), { names, occasion, now });
    case 'self-signed':
      return serveSelfSigned(directory, { names, occasion, now });
    case 'files':
      return serveFiles({ cert, key }, names, now);
    case 'acme':
      return serveAcme(directory, acmeOf(settings), { names, occasion, now });
  }
}

function acmeOf({ acme }: CertificateSettings): AcmeSettings {
  if (acme !== undefined) return acme;
  throw new CertificateError('tls.profile: acme needs tls.acme: say there that you agree to the terms');
}

/** Which CA the settings of the profile `ca` mean. Throws a CertificateError when they name half a pair. */
export function choiceOf(settings: CertificateSettings): CaChoice {
  const { caCert, caKey, overlap = OVERLAP, constrainNames = false } = settings;
  if (caCert === undefined && caKey === undefined) return { own: undefined, overlap, constrainNames };
  if (caCert === undefined || caKey === undefined) {
    throw new CertificateError('tls.caCert and tls.caKey go together: give the paths of both PEM files');
  }
  return { own: { crt: caCert, key: caKey }, overlap, constrainNames };
}
