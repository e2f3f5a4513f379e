import { rm, symlink } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Machine } from '../machine.ts';
import type { Place } from '../place.ts';
import { succeeded, type Outcome, type RunOptions } from '../process.ts';
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
  return dockgateUnder(machine, [], argv);
}

/** Runs it under another command, such as `faketime -f +23h`. */
export function dockgateUnder(
  machine: Machine,
  under: readonly string[],
  argv: readonly string[],
  options?: RunOptions,
): Promise<Outcome> {
  return machine.run([...under, process.execPath, MAIN, ...argv], options);
}

/** Runs it at a terminal (script, of util-linux) where somebody types this; all that is shown comes on stdout. */
export function dockgateAtTerminal(
  machine: Machine,
  typed: string,
  ...argv: readonly string[]
): Promise<Outcome> {
  const line = [process.execPath, MAIN, ...argv].join(' ');
  return machine.run(['script', '--quiet', '--return', '--command', line, '/dev/null'], { stdin: typed });
}

const command: Installer = {
  name: 'dockgate trust',
  needs: [],
  install: (machine, host, client, fingerprint) =>
    dockgate(machine, 'trust', host, `--${client}`, '--fingerprint', fingerprint),
  uninstall: (machine, host, client) => dockgate(machine, 'trust', host, `--${client}`, '--uninstall'),
};

const commandForAll: Installer = {
  name: 'dockgate trust for all that is found',
  needs: [],
  install: (machine, host, _, fingerprint) => dockgate(machine, 'trust', host, '--fingerprint', fingerprint),
  uninstall: (machine, host) => dockgate(machine, 'trust', host, '--uninstall'),
};

/** The commands that /setup.txt has for a client: in parentheses, the first to install and the second to take back. */
export async function setupLines(machine: Place, host: string, client: string): Promise<string[]> {
  const { stdout } = succeeded(await machine.run(['curl', '-fsS', `http://${host}/setup.txt`]));
  // As root there is no need of sudo, which may be missing.
  return [...stdout.matchAll(/^ {4}\( set -e;[\s\S]*? \)$/gm)]
    .map(([block]) => block.replaceAll('sudo ', ''))
    .filter((block) => block.includes(`sh ${client}.sh `));
}

const copiedLines: Installer = {
  name: 'the lines of /setup.txt',
  needs: ['curl', 'openssl'],
  async install(machine, host, client, fingerprint) {
    const [lines = ''] = await setupLines(machine, host, client);
    if (!lines.includes(fingerprint)) throw new Error(`/setup.txt does not have ${fingerprint}:\n${lines}`);
    return machine.run(['sh', '-c', lines]);
  },
  async uninstall(machine, host, client) {
    const [, lines = ''] = await setupLines(machine, host, client);
    return machine.run(['sh', '-c', lines]);
  },
};

/** The short line of /setup.txt, with what fetches the script. */
function shortLine(program: 'curl' | 'wget', fetch: string): Installer {
  const run = (machine: Machine, host: string, client: string, argument: string): Promise<Outcome> =>
    machine.run(['sh', '-c', `${fetch} http://${host}/setup/${client}.sh | sh -s -- ${argument}`]);
  return {
    name: `the short line with ${program}`,
    needs: [program],
    install: run,
    uninstall: (machine, host, client) => run(machine, host, client, '--uninstall'),
  };
}

/** Every way in which trust is installed by one line. */
export const INSTALLERS = {
  command,
  commandForAll,
  copiedLines,
  curlLine: shortLine('curl', 'curl -fsS'),
  wgetLine: shortLine('wget', 'wget -qO-'),
} as const satisfies Record<string, Installer>;

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

/** Kinds, permissions, owners, names, link targets and content of everything under /etc and of the system's own authorities. */
export async function treeOf(machine: Machine): Promise<string> {
  const where = '/etc /usr/local/share/ca-certificates';
  const script = `find ${where} -printf '%y %m %U %G %p %l\\n' | sort; find ${where} -type f -exec sha256sum {} + | sort`;
  return succeeded(await machine.run(['sh', '-c', script])).stdout;
}
