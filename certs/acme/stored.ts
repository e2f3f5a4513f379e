import { join } from 'node:path';
import { CertificateError } from '../certificate-error.ts';
import { keepFile, readKept } from '../keep.ts';
import { keyPem } from '../key.ts';
import { namesIn } from '../names.ts';
import type { Pair } from '../pair.ts';
import { certificatesIn, chainPem, privateKeyIn } from '../pem.ts';

/** A certificate that an ACME server issued, and which one. */
export interface StoredPair extends Pair {
  /** Address of the server's directory, undefined when the file does not say. */
  server: string | undefined;
}

/** Chain and key are one file, so that no crash can part them: the last good certificate must never be lost. */
export function storedPath(directory: string): string {
  return join(directory, 'acme.pem');
}

/** What is stored; undefined: nothing; or why it is of no use. */
export async function readStored(directory: string): Promise<StoredPair | { fault: string } | undefined> {
  const path = storedPath(directory);
  try {
    const text = await readKept(path);
    if (text === undefined) return undefined;
    const [chain, key] = [certificatesIn(text, path), privateKeyIn(text, path)];
    if (!chain[0].checkPrivateKey(key)) return { fault: `the key in ${path} is not the certificate's` };
    return { chain, key, server: /^# from (\S+)$/m.exec(text)?.[1] };
  } catch (fault) {
    if (fault instanceof CertificateError) return { fault: fault.message };
    throw fault;
  }
}

/** Stores a certificate as one step. Throws a CertificateError. */
export async function store(directory: string, { chain, key }: Pair, server: string): Promise<void> {
  await keepFile(storedPath(directory), `# from ${server}\n${chainPem(chain)}${keyPem(key)}`, 'secret');
}

/** Whether clients of any of these names would accept it, as far as its names go. */
export function holdsForAny({ chain: [leaf] }: Pair, names: readonly string[]): boolean {
  const held = new Set(namesIn(leaf));
  return names.some((name) => held.has(name));
}
