import { execFileSync } from 'node:child_process';

const PROGRAM = 'htpasswd';

/** Runs Apache's htpasswd and returns what it wrote on stdout; throws with its stderr when it fails. */
export function htpasswd(...argv: readonly string[]): string {
  return execFileSync(PROGRAM, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
