import { join } from 'node:path';
import { holdsForAny, readStored, storedPath } from './acme/stored.ts';
import { canonicalNames } from './names.ts';
import type { CertificateSettings } from './settings.ts';

/** Where the server certificate that is served and its key lie. */
export interface ServedFiles {
  crt: string;
  key: string;
  /** Dockgate has what clients are to trust, as ca.crt. */
  hasAuthority: boolean;
}

/** The files that are served by what is there now; they need not exist. */
export async function servedFiles(settings: CertificateSettings): Promise<ServedFiles> {
  const { profile, directory, cert, key, names } = settings;
  if (profile === 'files' && cert !== undefined && key !== undefined) {
    return { crt: cert, key, hasAuthority: false };
  }
  if (profile === 'acme') {
    const stored = await readStored(directory);
    const path = storedPath(directory);
    if (stored !== undefined && !('fault' in stored) && holdsForAny(stored, canonicalNames(names))) {
      return { crt: path, key: path, hasAuthority: false };
    }
  }
  return { crt: join(directory, 'server.crt'), key: join(directory, 'server.key'), hasAuthority: true };
}
