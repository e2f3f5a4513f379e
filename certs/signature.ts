import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CertificateSettings } from './settings.ts';

const KEPT = [
  'ca.crt',
  'ca.key',
  'ca-next.crt',
  'ca-next.key',
  'ca-cross.crt',
  'server.crt',
  'server.key',
  'acme.pem',
];

/** The files that what is served depends on. */
export function filesOf({ directory, profile, cert, key, caCert, caKey }: CertificateSettings): string[] {
  const kept = profile === 'files' ? [] : KEPT.map((file) => join(directory, file));
  const theirs = profile === 'files' ? [cert, key] : [caCert, caKey];
  return [...kept, ...theirs.filter((path) => path !== undefined)];
}

/** The folders in which those files are replaced. */
export function foldersOf(files: readonly string[]): string[] {
  return [...new Set(files.map((file) => dirname(file)))];
}

/** A text that is another one as soon as a file is replaced, written, removed, or reached through another link. */
export async function signatureOf(files: readonly string[]): Promise<string> {
  const each = await Promise.all(
    files.map(async (file) => {
      try {
        const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
        return [dev, ino, size, mtimeNs, ctimeNs].join(':');
      } catch {
        return 'none';
      }
    }),
  );
  return each.join(' ');
}
