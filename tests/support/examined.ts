import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { examine, type Examination, type Finding } from '../../doctor/index.ts';
import { readFile } from 'node:fs/promises';
import type { Place } from './place.ts';
import { succeeded } from './process.ts';

/** A certificate that is its own authority, as paths of PEM files. */
export interface OwnCertificate {
  readonly cert: string;
  readonly key: string;
  /** PEM. */
  readonly ca: string;
}

/** Has openssl make a certificate for 127.0.0.1; without names it has none, and `days` may be below zero. */
export async function ownCertificate(
  place: Place,
  {
    days = 30,
    names = 'IP:127.0.0.1',
    subject = '127.0.0.1',
  }: { days?: number; names?: string; subject?: string } = {},
): Promise<OwnCertificate> {
  const base = join(place.folder, randomUUID());
  const [cert, key, csr, ext] = [`${base}.crt`, `${base}.key`, `${base}.csr`, `${base}.ext`];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256'];
  succeeded(
    await place.run(['openssl', 'req', ...kind, '-subj', `/CN=${subject}`, '-keyout', key, '-out', csr]),
  );
  const lines = names === '' ? 'basicConstraints=CA:FALSE' : `subjectAltName=${names}`;
  succeeded(await place.run(['sh', '-c', 'printf "%s\\n" "$1" > "$0"', ext, lines]));
  const sign = ['openssl', 'x509', '-req', '-in', csr, '-signkey', key, '-sha256', '-extfile', ext];
  succeeded(await place.run([...sign, '-days', String(days), '-out', cert]));
  return { cert, key, ca: await readFile(cert, 'utf8') };
}

/** What doctor finds at a port of 127.0.0.1. Less is sent and rested than it does by itself. */
export function examined(
  port: number,
  settings: Partial<Examination> & {
    readonly user?: { readonly user: string; readonly password: string };
  } = {},
): Promise<readonly Finding[]> {
  const { user, ...rest } = settings;
  return examine({
    base: new URL(`https://127.0.0.1:${port}`),
    // Nobody listens there: the machine's own port 80 is no part of a test.
    plainPort: 9,
    largeSize: 8 * 1024 * 1024,
    pause: 1000,
    credentials: () => Promise.resolve(user),
    ...rest,
  });
}

/** The checks that found something wrong, each with how bad it is; empty when nothing is. */
export function problems(findings: readonly Finding[]): string[] {
  const bad = findings.filter(({ level }) => level === 'error' || level === 'warning');
  return [...new Set(bad.map(({ check, level }) => `${level}: ${check}`))];
}

/** What one check said, with its advice, in one text. */
export function said(findings: readonly Finding[], check: string): string {
  return findings
    .filter((each) => each.check === check)
    .map(({ what, advice }) => `${what}\n${advice ?? ''}`)
    .join('\n');
}
