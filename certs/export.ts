import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CertificateError } from './certificate-error.ts';
import { readKept } from './keep.ts';
import { keyPem } from './key.ts';
import { certificatesIn, chainPem, privateKeyIn } from './pem.ts';
import { pkcs12Of } from './pkcs12.ts';
import { replaceFile } from './replace-file.ts';
import type { Secrecy } from './replace-file.ts';
import { servedFiles } from './served-files.ts';
import type { CertificateSettings } from './settings.ts';

/** Where to write what; a file that is there is replaced as one step, and what is below /dev is written into. */
export interface ExportWish {
  /** The server certificate, what is sent after it, and its key: one PEM file, 0600. */
  pem?: string | undefined;
  /** What clients are to trust: one PEM file. */
  bundle?: string | undefined;
  /** The same as `pem` as PKCS#12, 0600; the key is under the password. */
  p12?: { file: string; password: string } | undefined;
}

/** Writes copies of what is served. Throws a CertificateError when there is nothing to write, or no way to. */
export async function exportCertificates(settings: CertificateSettings, wish: ExportWish): Promise<void> {
  if (wish.bundle !== undefined) await write(wish.bundle, await bundleOf(settings), 'public');
  if (wish.pem === undefined && wish.p12 === undefined) return;
  const { chain, key } = await pairOf(settings);
  if (wish.pem !== undefined) await write(wish.pem, chainPem(chain) + keyPem(key), 'secret');
  if (wish.p12 !== undefined) {
    await write(wish.p12.file, pkcs12Of(chain, key, wish.p12.password), 'secret');
  }
}

async function write(path: string, content: string | Buffer, secrecy: Secrecy): Promise<void> {
  // A name that nobody has: what lies beside the file is not ours to remove.
  const temporary = `${path}.${randomUUID()}`;
  try {
    // Such as /dev/stdout: whoever is root could put a file in its place, and break the machine.
    if (/^\/(?:dev|proc)\//.test(resolve(path))) await writeFile(path, content);
    else await replaceFile(path, content, secrecy, { temporary });
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CertificateError(`cannot write ${path} (${why}): name a file in a folder that you may write`, {
      cause,
    });
  }
}

async function bundleOf(settings: CertificateSettings): Promise<string> {
  const { profile, directory } = settings;
  if (!(await servedFiles(settings)).hasAuthority) {
    throw new CertificateError(
      `with tls.profile: ${profile} clients trust the CA that signed your certificate, and Dockgate does not have that: leave --bundle out`,
    );
  }
  return present(join(directory, 'ca.crt'));
}

async function pairOf(settings: CertificateSettings) {
  const { crt: crtPath, key: keyPath } = await servedFiles(settings);
  const chain = certificatesIn(await present(crtPath), crtPath);
  const privateKey = privateKeyIn(await present(keyPath), keyPath);
  if (chain[0].checkPrivateKey(privateKey)) return { chain, key: privateKey };
  throw new CertificateError(`${keyPath} does not belong to ${crtPath}: try again when it has been renewed`);
}

async function present(path: string): Promise<string> {
  const text = await readKept(path);
  if (text !== undefined) return text;
  throw new CertificateError(
    `${path} does not exist: start the gateway once, or name its folder with --data`,
  );
}
