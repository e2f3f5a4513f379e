import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { describe, test } from 'vitest';

/** The Debian package that brings each program. */
const PACKAGES = {
  buildah: 'buildah',
  caddy: 'caddy',
  certtool: 'gnutls-bin',
  containerd: 'containerd',
  ctr: 'containerd',
  curl: 'curl',
  docker: 'docker.io',
  'docker-registry': 'docker-registry',
  dockerd: 'docker.io',
  faketime: 'faketime',
  'gnutls-cli': 'gnutls-bin',
  go: 'golang-go',
  haproxy: 'haproxy',
  htpasswd: 'apache2-utils',
  nginx: 'nginx-light',
  openssl: 'openssl',
  pebble: 'pebble',
  podman: 'podman',
  python3: 'python3',
  skopeo: 'skopeo',
  strace: 'strace',
  wget: 'wget',
} as const;

/** What a test wants of the machine: a program, or the right to make a private machine. */
export type Need = keyof typeof PACKAGES | 'namespaces';

function runs(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

function lacking(need: Need): string | undefined {
  if (need !== 'namespaces') {
    const found = runs('sh', '-c', 'PATH=$PATH:/usr/sbin:/sbin command -v "$0"', need);
    if (!found) return `no ${need} (apt-get install ${PACKAGES[need]})`;
    if (need !== 'strace' || runs('strace', '-o', '/dev/null', 'true')) return undefined;
    return 'tracing of processes is not permitted here';
  }
  if (process.getuid?.() !== 0) return 'not root, which private network namespaces need';
  const trial = [
    '--mount',
    '--net',
    '--pid',
    '--ipc',
    '--fork',
    '--mount-proc',
    'ip',
    'link',
    'set',
    'lo',
    'up',
  ];
  return runs('unshare', ...trial) ? undefined : 'namespaces are not permitted here, or iproute2 is missing';
}

/** Why tests with these needs cannot run here, in words; undefined when they can. */
function whyNot(needs: readonly Need[]): string | undefined {
  const reasons = needs.map(lacking).filter((reason) => reason !== undefined);
  return reasons.length === 0 ? undefined : reasons.join(', ');
}

/**
 * A `describe` for tests that need programs. Where one is missing its tests are skipped, with the reason in
 * their name; under CI=true that is a failure, so that a green run there has run everything.
 */
export function describeWith(needs: readonly Need[], title: string, body: () => void): void {
  const reason = whyNot(needs);
  if (reason === undefined) describe(title, body);
  else if (process.env.CI !== 'true') describe.skip(`${title} [${reason}]`, body);
  else
    test(title, () => {
      throw new Error(`CI must run everything, but here is ${reason}`);
    });
}
