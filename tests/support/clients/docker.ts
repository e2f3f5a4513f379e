import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArchive } from '../archive.ts';
import type { Machine } from '../machine.ts';
import { succeeded, type Outcome, type RunOptions } from '../process.ts';
import type { Server } from '../server.ts';
import type { Client } from './client.ts';

/** Keys of daemon.json, for example `registry-mirrors`. */
export type DaemonSettings = Readonly<Record<string, unknown>>;

/** docker with a dockerd and a store of its own. */
export interface Docker extends Client {
  /** Runs the docker command with this daemon and a configuration folder of its own. */
  docker(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** Builds the context folder into an image. */
  build(image: string, context: string): Promise<Outcome>;
  readonly daemon: Server;
  another(settings?: DaemonSettings): Promise<Docker>;
}

/** A push or pull of a large image takes its time; nothing real takes longer. */
const LONG = { timeout: 600_000 };

async function startDaemon(machine: Machine, folder: string, settings: DaemonSettings): Promise<Server> {
  const config = join(folder, 'daemon.json');
  await writeFile(config, JSON.stringify(settings));
  const at = (name: string): string => join(folder, name);
  const argv = ['dockerd', '--config-file', config, '--data-root', at('data'), '--exec-root', at('exec')];
  // dockerd starts a containerd of its own under exec-root, unless it finds one in /run: the machine's is empty.
  const where = ['--host', `unix://${at('docker.sock')}`, '--pidfile', at('pid')];
  // Without these dockerd wants iptables and makes a bridge; pushing and pulling need neither.
  const network = ['--bridge=none', '--iptables=false', '--ip6tables=false', '--ip-masq=false'];
  const server = machine.spawn([...argv, ...where, ...network]);
  await server.waitFor(/API listen on/);
  return server;
}

/** Starts a dockerd with an empty store (about a second) in that machine. */
export async function createDocker(machine: Machine, settings: DaemonSettings = {}): Promise<Docker> {
  const folder = join(machine.folder, `d-${randomUUID().slice(0, 8)}`);
  await mkdir(folder);
  const daemon = await startDaemon(machine, folder, settings);
  const common = [
    'docker',
    '--host',
    `unix://${join(folder, 'docker.sock')}`,
    '--config',
    join(folder, 'config'),
  ];
  const docker = (args: readonly string[], options: RunOptions = LONG): Promise<Outcome> =>
    machine.run([...common, ...args], options);

  return {
    name: 'docker',
    docker,
    daemon,
    trust: (host, ca) => machine.write(`/etc/docker/certs.d/${host}/ca.crt`, ca),
    login: (host, { user, password }) =>
      docker(['login', '--username', user, '--password-stdin', host], { stdin: password }),
    logout: (host) => docker(['logout', host]),
    async make(image, layers = [1000]) {
      const archive = await writeArchive(machine, image, layers);
      succeeded(await docker(['load', '--input', archive.path]));
      return archive.id;
    },
    build: (image, context) => docker(['build', '--tag', image, context]),
    push: (image) => docker(['push', image]),
    pull: (image) => docker(['pull', image]),
    tag: (from, to) => docker(['tag', from, to]),
    remove: (image) => docker(['image', 'rm', '--force', image]),
    async id(image) {
      const found = await docker(['image', 'inspect', '--format', '{{.Id}}', image]);
      return found.code === 0 ? found.stdout.trim() : undefined;
    },
    another: (other = settings) => createDocker(machine, other),
  };
}
