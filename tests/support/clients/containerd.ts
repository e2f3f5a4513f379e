import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArchive } from '../archive.ts';
import type { Machine } from '../machine.ts';
import { succeeded, type Outcome, type RunOptions } from '../process.ts';
import type { Server } from '../server.ts';
import type { Client, Credentials } from './client.ts';

/** containerd with a store of its own, driven by `ctr`. */
export interface Containerd extends Client {
  ctr(args: readonly string[], options?: RunOptions): Promise<Outcome>;
  /** The folder given as `--hosts-dir`, with one folder per host in it. */
  readonly hosts: string;
  readonly daemon: Server;
}

const LONG = 600_000;

async function startDaemon(machine: Machine, folder: string): Promise<Server> {
  const config = join(folder, 'config.toml');
  const lines = [
    'version = 2',
    `root = "${join(folder, 'root')}"`,
    `state = "${join(folder, 'state')}"`,
    // The kubelet's plugin wants a network configuration and a port; ctr does not use it.
    'disabled_plugins = ["io.containerd.grpc.v1.cri"]',
    '[plugins."io.containerd.internal.v1.opt"]',
    `path = "${join(folder, 'opt')}"`,
    '[grpc]',
    `address = "${join(folder, 'c.sock')}"`,
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const server = machine.spawn(['containerd', '--config', config]);
  await server.waitFor(/containerd successfully booted/);
  return server;
}

/**
 * The host as its own server, verified against `ca` alone. Nothing under `[host]`: that would be a mirror,
 * after whose 404 containerd asks the server again, without the mirror's CA. Yet the empty table must be
 * there, or containerd 1.6 drops the whole file with a line in its log.
 */
function hostsToml(host: string, ca: string): string {
  return `server = "https://${host}"\ncapabilities = ["pull", "resolve", "push"]\nca = "${ca}"\n[host]\n`;
}

async function start(machine: Machine, hosts: string): Promise<Containerd> {
  const folder = join(machine.folder, `c-${randomUUID().slice(0, 8)}`);
  await mkdir(folder);
  const daemon = await startDaemon(machine, folder);
  const ctr = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
    machine.run(['ctr', '--address', join(folder, 'c.sock'), ...args], { timeout: LONG, ...options });
  const accounts = new Map<string, Credentials>();
  // ctr stores no login: each command carries the user.
  const transfer = (verb: 'push' | 'pull', image: string): Promise<Outcome> => {
    const account = accounts.get(image.split('/')[0] ?? '');
    const user = account === undefined ? [] : ['--user', `${account.user}:${account.password}`];
    return ctr(['images', verb, '--hosts-dir', hosts, ...user, image]);
  };
  const said = (command: string): Outcome => ({ command, code: 0, signal: null, stdout: '', stderr: '' });

  return {
    name: 'ctr',
    ctr,
    hosts,
    daemon,
    async trust(host, ca) {
      await mkdir(join(hosts, host), { recursive: true });
      // Not ca.crt: containerd reads that by itself when hosts.toml is wrong, which would hide the mistake.
      const path = join(hosts, host, 'root.pem');
      await writeFile(path, ca);
      await writeFile(join(hosts, host, 'hosts.toml'), hostsToml(host, path));
    },
    login(host, credentials) {
      accounts.set(host, credentials);
      return Promise.resolve(said(`remember ${credentials.user} for ${host}`));
    },
    logout(host) {
      accounts.delete(host);
      return Promise.resolve(said(`forget the user for ${host}`));
    },
    async make(image, layers = [1000]) {
      const archive = await writeArchive(machine, image, layers);
      succeeded(await ctr(['images', 'import', archive.path]));
      return archive.id;
    },
    push: (image) => transfer('push', image),
    pull: (image) => transfer('pull', image),
    tag: (from, to) => ctr(['images', 'tag', from, to]),
    // --sync waits for containerd's collector, so that the layers are really gone.
    remove: (image) => ctr(['images', 'rm', '--sync', image]),
    async id(image) {
      const listed = succeeded(await ctr(['images', 'list', `name==${image}`])).stdout;
      const digest = listed.split('\n')[1]?.split(/\s+/)[2];
      if (digest === undefined) return undefined;
      const manifest = succeeded(await ctr(['content', 'get', digest])).stdout;
      return (JSON.parse(manifest) as { config: { digest: string } }).config.digest;
    },
    another: () => start(machine, hosts),
  };
}

/** Starts a containerd with an empty store in that machine; its folder of trusted hosts is empty too. */
export async function createContainerd(machine: Machine): Promise<Containerd> {
  const hosts = join(machine.folder, `hosts-${randomUUID().slice(0, 8)}`);
  await mkdir(hosts);
  return await start(machine, hosts);
}
