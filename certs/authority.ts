import type { KeyObject, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { CertificateError } from './certificate-error.ts';
import { keepFile, readKept, tighten } from './keep.ts';
import { keyId, keyPem, newKey } from './key.ts';
import { certificatesIn, chainPem, privateKeyIn } from './pem.ts';
import { sign } from './sign.ts';
import { AUTHORITY_LIFE, day, SERVER_LIFE, validityFrom } from './validity.ts';

/** Who signs the server certificate: the content of ca.crt (the signer first) and the signer's private key. */
export interface Authority {
  chain: [X509Certificate, ...X509Certificate[]];
  key: KeyObject;
  warnings: string[];
}

interface Files {
  crt: string;
  key: string;
}

/**
 * The CA of `directory` (ca.crt and ca.key), made when there is none. One that is there is never replaced, because
 * clients trust it: throws a CertificateError when it cannot be used. The caller holds the folder's lock.
 */
export async function ensureAuthority(directory: string, now: Date): Promise<Authority> {
  const files = { crt: join(directory, 'ca.crt'), key: join(directory, 'ca.key') };
  const [crt, key] = await Promise.all([readKept(files.crt), readKept(files.key)]);
  if (crt !== undefined && key === undefined) throw keyIsMissing(files);
  const signingKey = key === undefined ? await newSigningKey(files) : signingKeyIn(key, files);
  const chain = crt === undefined ? await newRoot(files, signingKey, now) : certificatesIn(crt, files.crt);
  refuseUnfit(chain[0], signingKey, files);
  const warnings = [...(await tighten(files.key, 0o600)), ...warningsOf(chain[0], files, now)];
  return { chain, key: signingKey, warnings };
}

async function newSigningKey(files: Files): Promise<KeyObject> {
  const key = await newKey(3072);
  await keepFile(files.key, keyPem(key), 'secret');
  return key;
}

/**
 * A root for a key that is on disk already: after a crash between the two files, or when somebody deleted ca.crt, the
 * key alone makes it anew, and since subject and key are as before, whoever trusts the earlier root trusts this one.
 */
async function newRoot(files: Files, key: KeyObject, now: Date): Promise<[X509Certificate]> {
  const root = sign({
    // Two installations never share a subject: a client that trusts both would confuse them.
    commonName: `Dockgate CA ${keyId(key)}`,
    key,
    validity: validityFrom(now, AUTHORITY_LIFE),
    extensions: [
      { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
      { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
    ],
  });
  await keepFile(files.crt, chainPem([root]), 'public');
  return [root];
}

function signingKeyIn(pem: string, files: Files): KeyObject {
  const key = privateKeyIn(pem, files.key);
  if (key.asymmetricKeyType !== 'rsa') {
    throw new CertificateError(
      `${files.key} is not an RSA key, and Dockgate signs with RSA only: put an RSA CA there, or have that CA sign a server certificate and set tls.profile: files`,
    );
  }
  return key;
}

function keyIsMissing(files: Files): CertificateError {
  return new CertificateError(
    `${files.crt} is there without its key ${files.key}: put the key back; or set tls.profile: files to serve a certificate that was signed elsewhere; or move ${files.crt} away, and a new CA is made that every client has to trust`,
  );
}

function refuseUnfit(signer: X509Certificate, key: KeyObject, files: Files): void {
  const wayOut = `put the right pair there, or move both files away, and a new CA is made that every client has to trust`;
  if (!signer.ca) throw new CertificateError(`${files.crt} is not a CA certificate: ${wayOut}`);
  if (!signer.checkPrivateKey(key)) {
    throw new CertificateError(`${files.key} does not belong to ${files.crt}: ${wayOut}`);
  }
}

function warningsOf(signer: X509Certificate, { crt, key }: Files, now: Date): string[] {
  const left = signer.validToDate.getTime() - now.getTime();
  if (now < signer.validFromDate) {
    return [`the CA in ${crt} is valid only from ${day(signer.validFromDate)}: check this machine's clock`];
  }
  if (left > SERVER_LIFE) return [];
  const end = day(signer.validToDate);
  const wayOut = `move ${crt} and ${key} away and restart: a new CA is made that every client has to trust`;
  return left < 0
    ? [`the CA in ${crt} expired on ${end}, no client can connect: ${wayOut}`]
    : [
        `the CA in ${crt} ends on ${end}, and no certificate signed by it works after that; before then, ${wayOut}`,
      ];
}
