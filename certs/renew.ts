import { join } from 'node:path';
import { ensureAuthority } from './authority.ts';
import { CertificateError } from './certificate-error.ts';
import { choiceOf, ensureOn } from './ensure.ts';
import { keepFolder, readKept } from './keep.ts';
import { whileLocked } from './lock.ts';
import { mayCertify } from './name-constraints.ts';
import { canonicalNames, namesIn } from './names.ts';
import { certificatesIn } from './pem.ts';
import { servePrivateCa } from './private-ca.ts';
import { orderNow } from './ordering.ts';
import type { ServedCertificates } from './served.ts';
import type { CertificateSettings } from './settings.ts';
import { beginSuccession, readSuccession } from './succession.ts';

/**
 * Issues the server certificate again now, for the names that it has; profile `acme`: orders one for those that are
 * wanted, which needs a gateway that answers port 80. Throws a CertificateError when it is not ours to issue, or there is
 * none to be had.
 */
export async function renewServer(settings: CertificateSettings): Promise<ServedCertificates> {
  if (settings.profile === 'files') {
    throw new CertificateError(
      `the certificate in ${settings.cert ?? 'tls.cert'} is not Dockgate's to renew: put a new one and its key there, a running gateway takes them at once`,
    );
  }
  if (settings.profile === 'acme') {
    await orderNow(settings);
    return ensureOn('running', settings);
  }
  return ensureOn('demand', settings);
}

/**
 * Makes a CA that takes over from the present one when the overlap is over, or now; one that waits already is kept. The
 * server certificate keeps its names. Throws a CertificateError when the CA is not ours to replace.
 */
export async function rotateAuthority(
  settings: CertificateSettings,
  { immediately }: { immediately: boolean },
): Promise<ServedCertificates> {
  const { directory, now = new Date() } = settings;
  const choice = choiceOf(settings);
  refuseForeign(settings);
  const wanted = canonicalNames(settings.names);
  const present = await presentNames(directory);
  const all = [...new Set([...wanted, ...present])];
  const limits = choice.constrainNames ? all : undefined;
  await keepFolder(directory);
  const outside = await whileLocked(directory, async () => {
    const { chain, key } = await ensureAuthority(directory, { now, overlap: choice.overlap, limits });
    if ((await readSuccession(directory)) === undefined) {
      await beginSuccession(directory, { certificate: chain[0], key }, limits, now);
    }
    return all.filter((name) => !mayCertify(chain, name));
  });
  const names = present.length > 0 ? present : wanted;
  const overlap = immediately ? 0 : choice.overlap;
  const served = await servePrivateCa(directory, { ...choice, overlap }, { names, occasion: 'running', now });
  return { ...served, warnings: [...served.warnings, ...warningsOf(outside, immediately)] };
}

/** A chain to the CA that clients know is held to that one's limits, so it must not name what that one may not certify. */
function warningsOf(outside: readonly string[], immediately: boolean): string[] {
  if (outside.length === 0) return [];
  const [from, before] = immediately ? ['from now on', 'now'] : ['once the next CA signs', 'before'];
  return [
    `the CA so far may not certify ${outside.join(', ')}: ${from}, clients that know it alone refuse the server under every name, so let them fetch ca.crt again ${before}`,
  ];
}

function refuseForeign({ profile, caCert }: CertificateSettings): void {
  if (profile !== 'ca') {
    throw new CertificateError(
      `there is no CA to replace with tls.profile: ${profile}; "dockgate certs renew" without --authority renews the certificate itself`,
    );
  }
  if (caCert === undefined) return;
  throw new CertificateError(
    `the CA in ${caCert} is not Dockgate's to replace: put another one and its key there, a running gateway takes them at once`,
  );
}

async function presentNames(directory: string): Promise<string[]> {
  const path = join(directory, 'server.crt');
  const text = await readKept(path);
  return text === undefined ? [] : namesIn(certificatesIn(text, path)[0]);
}
