import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { ensureCertificates } from '../../certs/index.ts';
import type { CertificateSettings, ServedCertificates } from '../../certs/index.ts';

/** The instant that the tests of certificates call now, to the second as certificates count. */
export const NOW = new Date('2026-11-21T12:00:00Z');

/** `NOW` moved by `days`. */
export function daysLater(days: number): Date {
  return new Date(NOW.getTime() + days * 86_400_000);
}

/** A folder for certificates that does not exist yet, new for each test. */
export interface CertificateFolder {
  /** The path of a file in it, or of the folder itself. */
  path(file?: string): string;
  /** Permission bits of a file in it, or of the folder itself, in octal. */
  mode(file?: string): Promise<string>;
  /** ensureCertificates in it at `NOW` for `idocker.test` with the profile `ca`, unless told otherwise. */
  ensure(settings?: Partial<CertificateSettings>): Promise<ServedCertificates>;
}

/** Gives each test of a file its own folder and removes it afterwards. */
export function useCertificateFolder(): CertificateFolder {
  let parent = '';
  const path = (file = ''): string => join(parent, 'certs', file);
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'dg-certs-'));
  });
  afterEach(async () => {
    await rm(parent, { recursive: true, force: true });
  });
  return {
    path,
    mode: async (file) => ((await stat(path(file))).mode & 0o777).toString(8),
    ensure: (settings) =>
      ensureCertificates({
        directory: path(),
        profile: 'ca',
        names: ['idocker.test'],
        now: NOW,
        ...settings,
      }),
  };
}
