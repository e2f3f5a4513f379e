import { rm, symlink } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../machine.ts';
import { succeeded, type Outcome } from '../process.ts';
import type { Need } from '../require-programs.ts';
import type { ClientRow } from './all.ts';
import type { Client } from './client.ts';
import type { Containerd } from './containerd.ts';

const MAIN = fileURLToPath(new URL('../../../gateway/main.ts', import.meta.url));

/** What makes a client trust a host in one line, and takes it back. */
export interface Installer {
  readonly name: string;
  readonly needs: readonly Need[];
  install(machine: Machine, host: string, client: string, fingerprint: string): Promise<Outcome>;
  uninstall(machine: Machine, host: string, client: string): Promise<Outcome>;
}

/** Runs the command `dockgate` in a machine. */
export function dockgate(machine: Machine, ...argv: readonly string[]): Promise<Outcome> {
  return machine.run([process.execPath, MAIN, ...argv]);
}

const command: Installer = {
  name: 'dockgate trust',
  needs: [],
  install: (machine, host, client, fingerprint) =>
    dockgate(machine, 'trust', host, `--${client}`, '--fingerprint', fingerprint),
  uninstall: (machine, host, client) => dockgate(machine, 'trust', host, `--${client}`, '--uninstall'),
};

/** The lines that /setup.txt has for a client: one command in parentheses for each thing to do. */
async function setupLines(machine: Machine, host: string, client: string): Promise<string[]> {
  const { stdout } = succeeded(await machine.run(['curl', '-fsS', `http://${host}/setup.txt`]));
  return [...stdout.matchAll(/^ {4}\( set -e;[\s\S]*? \)$/gm)]
    .map(([block]) => block)
    .filter((block) => block.includes(`sh ${client}.sh `));
}

/** As root there is no need of sudo, which may be missing. */
const asRoot = (lines: string): string => lines.replaceAll('sudo ', '');

const copiedLines: Installer = {
  name: 'the lines of /setup.txt',
  needs: ['curl', 'openssl'],
  async install(machine, host, client, fingerprint) {
    const [lines = ''] = await setupLines(machine, host, client);
    if (!lines.includes(fingerprint)) throw new Error(`/setup.txt does not have ${fingerprint}:\n${lines}`);
    return machine.run(['sh', '-c', asRoot(lines)]);
  },
  async uninstall(machine, host, client) {
    const [, lines = ''] = await setupLines(machine, host, client);
    return machine.run(['sh', '-c', asRoot(lines)]);
  },
};

const shortLine: Installer = {
  name: 'the short line',
  needs: ['curl'],
  install: (machine, host, client, fingerprint) => piped(machine, host, client, fingerprint),
  uninstall: (machine, host, client) => piped(machine, host, client, '--uninstall'),
};

function piped(machine: Machine, host: string, client: string, argument: string): Promise<Outcome> {
  return machine.run(['sh', '-c', `curl -fsS http://${host}/setup/${client}.sh | sh -s -- ${argument}`]);
}

/** Every way in which trust is installed by one line. */
export const INSTALLERS: readonly Installer[] = [command, copiedLines, shortLine];

/** A client that looks for trust only where an installer puts it. */
export async function createTrustingClient(machine: Machine, row: ClientRow): Promise<Client> {
  const client = await row.create(machine);
  if (client.name === 'ctr') {
    const { hosts } = client as Containerd;
    await rm(hosts, { recursive: true });
    await symlink('/etc/containerd/certs.d', hosts);
  }
  return client;
}

/** Kinds, permissions, names, link targets and content of everything under /etc and of the system's own authorities. */
export async function treeOf(machine: Machine): Promise<string> {
  const where = '/etc /usr/local/share/ca-certificates';
  const script = `find ${where} -printf '%y %m %p %l\\n' | sort; find ${where} -type f -exec sha256sum {} + | sort`;
  return succeeded(await machine.run(['sh', '-c', script])).stdout;
}
