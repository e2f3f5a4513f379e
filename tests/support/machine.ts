import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { makeFolder, openSocket, removeFolder, type Place } from './place.ts';
import { runProgram, type Entry, type Outcome, type RunOptions } from './process.ts';
import { startServer, type Server } from './server.ts';

/** docker verifies no certificate of a name at 127.0.0.0/8, so a test of trust needs another address. */
export const ADDRESS = '10.99.0.1';

/** What a machine looks like from inside: hostnames with their addresses, and addresses besides ADDRESS. */
export interface MachineOptions {
  readonly hosts?: Readonly<Record<string, string>>;
  readonly addresses?: readonly string[];
  /** What it is called, and its address when it is to have a cable (network.ts) instead of ADDRESS on loopback. */
  readonly name?: string;
  readonly wired?: string;
}

/** A private network, mount and process namespace with its own /etc; nothing in it reaches the network. */
export interface Machine extends Place {
  /** A process, as this process sees it, that is in the machine's network namespace. */
  readonly pid: number;
  /** The path outside of a file under the machine's own /etc; throws for any other path. */
  etc(path: string): string;
  /** Writes a file under the machine's own /etc, making its folders. */
  write(path: string, content: string): Promise<void>;
}

/**
 * Runs as process 1 of the machine; the shell waits for cat, not becomes it, since process 1 must reap orphans.
 * /run is empty, so that no socket of a running docker or podman is found, and in memory, since copying many
 * small files to a busy disk takes seconds. /dev/shm, where podman keeps its locks, is as empty. /etc is a copy, so that a test may change all of it; without
 * /etc/cni podman looks for no bridge. The stores of the host's engines are covered.
 */
const SETUP = `
set -eu
hostname "$0"
for folder in /run /dev/shm; do mount -t tmpfs tmpfs "$folder"; done
mkdir -p /run/machine/etc
cp -a /etc/. /run/machine/etc/
cd /run/machine/etc
rm -rf docker containers containerd cni
mkdir -p docker/certs.d containers/certs.d containers/registries.conf.d containerd/certs.d
: > resolv.conf
mount --bind /run/machine/etc /etc
for folder in /var/lib/docker /var/lib/containerd /var/lib/containers /opt/containerd /usr/local/share/ca-certificates; do
  if [ -d "$folder" ]; then
    mkdir -p "/run/machine$folder"
    mount --bind "/run/machine$folder" "$folder"
  fi
done
ip link set lo up
for address; do ip addr add "$address" dev lo; done
echo ready
cat
exit
`;

/** containers/image refuses to copy anything without a policy; trust in signatures is not tested here. */
const POLICY = JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] });

function hostsFile(hosts: Readonly<Record<string, string>>): string {
  const lines = Object.entries(hosts).map(([name, address]) => `${address} ${name}\n`);
  return `127.0.0.1 localhost\n::1 localhost\n${lines.join('')}`;
}

async function untilReady(keeper: ChildProcessWithoutNullStreams): Promise<void> {
  let text = '';
  await new Promise<void>((resolve, reject) => {
    const note = (chunk: Buffer): void => {
      text += chunk.toString();
      if (text.includes('ready\n')) resolve();
    };
    keeper.stdout.on('data', note);
    keeper.stderr.on('data', note);
    keeper.once('error', reject).once('close', () => {
      reject(new Error(`a private machine could not be made: ${text}`));
    });
  });
}

const UNSHARE = ['--mount', '--net', '--uts', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc'];

/** unshare itself is in the new mount and network namespaces, but only its children are in the pid one. */
function entryTo(pid: number): Entry {
  const pids = `--pid=/proc/${pid}/ns/pid_for_children`;
  return {
    argv: ['nsenter', '--target', String(pid), '--mount', '--net', '--uts', '--ipc', pids],
    forks: true,
  };
}

class PrivateMachine implements Machine {
  readonly folder: string;
  readonly address: string;
  readonly #keeper: ChildProcessWithoutNullStreams;
  readonly #entry: Entry;
  readonly #servers: Server[] = [];
  #relay: Promise<string> | undefined;

  constructor(folder: string, address: string, keeper: ChildProcessWithoutNullStreams) {
    this.folder = folder;
    this.address = address;
    this.#keeper = keeper;
    this.#entry = entryTo(keeper.pid ?? 0);
  }

  get pid(): number {
    return this.#keeper.pid ?? 0;
  }

  async run(argv: readonly string[], options?: RunOptions): Promise<Outcome> {
    return await runProgram(this.#entry, argv, this.folder, options);
  }

  spawn(argv: readonly string[], options?: RunOptions): Server {
    const server = startServer(this.#entry, argv, this.folder, options);
    this.#servers.push(server);
    return server;
  }

  async connect(host: string, port: number): Promise<Socket> {
    this.#relay ??= this.#startRelay();
    const socket = await openSocket({ path: await this.#relay });
    socket.write(`${host} ${port}\n`);
    return socket;
  }

  async #startRelay(): Promise<string> {
    const socket = join(this.folder, 'relay');
    const script = fileURLToPath(new URL('relay.ts', import.meta.url));
    await this.spawn([process.execPath, script, socket]).waitFor(/ready/);
    return socket;
  }

  etc(path: string): string {
    if (!path.startsWith('/etc/')) throw new Error(`${path} is not under /etc: it is not the machine's own`);
    return join(`/proc/${String(this.#keeper.pid)}/root`, path);
  }

  async write(path: string, content: string): Promise<void> {
    await mkdir(dirname(this.etc(path)), { recursive: true });
    await writeFile(this.etc(path), content);
  }

  async close(): Promise<void> {
    const keeper = this.#keeper;
    if (keeper.exitCode === null && keeper.signalCode === null) {
      const gone = once(keeper, 'exit');
      // Process 1 has ended only when the kernel has ended all others: nothing writes to the folder any more.
      keeper.stdin.end();
      await gone;
    }
    await Promise.all(this.#servers.map((server) => server.ended));
    await removeFolder(this.folder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Makes a private machine in about a tenth of a second; needs root, util-linux and iproute2. */
export async function createMachine(options: MachineOptions = {}): Promise<Machine> {
  const folder = await makeFolder();
  const { name = 'machine', wired, addresses = [] } = options;
  const setup = ['sh', '-c', SETUP, name, ...(wired === undefined ? [ADDRESS] : []), ...addresses];
  // Process 1 reads a pipe from this process: when a test run dies, however it dies, the pipe closes,
  // process 1 ends, and the kernel ends every process of the machine with it.
  const keeper = spawn('unshare', [...UNSHARE, ...setup], { stdio: 'pipe' });
  try {
    await untilReady(keeper);
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
  const machine = new PrivateMachine(folder, wired ?? ADDRESS, keeper);
  await machine.write('/etc/hosts', hostsFile(options.hosts ?? {}));
  await machine.write('/etc/containers/policy.json', POLICY);
  await machine.write('/etc/containers/registries.conf', '');
  return machine;
}
