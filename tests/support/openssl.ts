import { execFileSync, spawnSync } from 'node:child_process';

const PROGRAM = 'openssl';

/** Runs openssl and returns what it wrote on stdout; throws with its stderr when it fails. */
export function openssl(...argv: readonly string[]): string {
  return execFileSync(PROGRAM, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Everything `openssl verify` says about a certificate; `file: OK` is the whole of it when there is no fault. */
export function opensslVerify(...argv: readonly string[]): string {
  const { stdout, stderr } = spawnSync(PROGRAM, ['verify', ...argv], { encoding: 'utf8' });
  return (stdout + stderr).trim();
}

/** The X.509 text form of a certificate file: version, dates, names and every extension. */
export function opensslText(path: string): string {
  return openssl('x509', '-in', path, '-noout', '-text');
}

/** Makes a self-signed certificate at `crt` with its key at `key`, with openssl and not with the code under test. */
export function opensslSelfSigned(crt: string, key: string, ...options: readonly string[]): void {
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', crt, ...options);
}
