import type { KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { CertificateError } from './certificate-error.ts';
import { readKept } from './keep.ts';
import { namesIn } from './names.ts';
import { keyPem } from './key.ts';
import { certificatesIn, chainPem, privateKeyIn } from './pem.ts';
import type { Chain } from './pem.ts';
import { served } from './served.ts';
import type { ServedCertificates } from './served.ts';
import { day } from './validity.ts';

/** Where the operator keeps a certificate (with its chain after it) and its key. */
export interface OperatorFiles {
  cert: string | undefined;
  key: string | undefined;
}

/**
 * Profile `files`: the operator's own certificate and key, as they are. Throws a CertificateError that names the file
 * when one is missing or wrong; what still can be served, such as an expired certificate, is a warning.
 */
export async function serveFiles(
  files: OperatorFiles,
  names: string[],
  now: Date,
): Promise<ServedCertificates> {
  const cert = required('cert', files.cert);
  const key = required('key', files.key);
  const chain = certificatesIn(await present('cert', cert), cert);
  const privateKey = privateKeyIn(await present('key', key), key);
  if (!chain[0].checkPrivateKey(privateKey)) {
    throw new CertificateError(
      `${key} does not belong to the first certificate in ${cert}: give the key of the server certificate, and put that certificate before its chain`,
    );
  }
  refuseUnserved(chain, privateKey, cert);
  return served({
    chain,
    key: privateKey,
    authority: undefined,
    takeover: undefined,
    issued: 'kept',
    reason: 'the files are the operator’s',
    warnings: [...warningsOfTime(chain[0], cert, now), ...warningsOfNames(chain[0], cert, names)],
  });
}

function required(option: 'cert' | 'key', path: string | undefined): string {
  if (path !== undefined) return path;
  throw new CertificateError(`tls.profile: files needs tls.${option}: give the path of a PEM file`);
}

async function present(option: 'cert' | 'key', path: string): Promise<string> {
  const text = await readKept(path);
  if (text !== undefined) return text;
  throw new CertificateError(`${path} does not exist: put the file there or correct tls.${option}`);
}

/** TLS has demands of its own, such as on the size of a key. */
function refuseUnserved(chain: Chain, key: KeyObject, path: string): void {
  try {
    createSecureContext({ cert: chainPem(chain), key: keyPem(key) });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CertificateError(
      `the certificate in ${path} cannot be served (${why}): put one with a stronger key there`,
      { cause },
    );
  }
}

function warningsOfTime({ validFromDate, validToDate }: X509Certificate, path: string, now: Date): string[] {
  if (now > validToDate)
    return [`the certificate in ${path} expired on ${day(validToDate)}: put a new one there`];
  if (now >= validFromDate) return [];
  return [`the certificate in ${path} is valid only from ${day(validFromDate)}: check this machine's clock`];
}

function warningsOfNames(certificate: X509Certificate, path: string, names: readonly string[]): string[] {
  const held = new Set(namesIn(certificate));
  const missing = names.filter((name) => !held.has(name) && !held.has(name.replace(/^[^.]+/, '*')));
  if (missing.length === 0) return [];
  return [
    `the certificate in ${path} does not hold for ${missing.join(', ')}: clients refuse it under these names`,
  ];
}
