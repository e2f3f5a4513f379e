import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArchive } from '../archive.ts';
import type { Machine } from '../machine.ts';
import { succeeded, type Outcome, type RunOptions } from '../process.ts';
import type { Client } from './client.ts';

/** podman or buildah: two commands over the same library, storage and trust. */
export interface StorageClient extends Client {
  /** Runs the command itself, with its own store and its own file of credentials. */
  command(args: readonly string[], options?: RunOptions): Promise<Outcome>;
}

const LONG = 600_000;

async function writeStorage(folder: string): Promise<string> {
  const path = join(folder, 'storage.conf');
  const lines = [
    '[storage]',
    // vfs copies every layer whole but works on every file system; overlay does not work on top of overlay.
    'driver = "vfs"',
    `graphroot = "${join(folder, 'root')}"`,
    `runroot = "${join(folder, 'run')}"`,
  ];
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

/** Makes podman or buildah with an empty store in that machine; nothing is started. */
export async function createStorageClient(
  machine: Machine,
  name: 'podman' | 'buildah',
  flags: readonly string[] = [],
): Promise<StorageClient> {
  const folder = join(machine.folder, `${name[0] ?? ''}-${randomUUID().slice(0, 8)}`);
  await mkdir(folder);
  const credentials = join(folder, 'auth.json');
  await writeFile(credentials, '{}'); // Named but missing is an error, also for a pull that needs no login.
  const env = {
    CONTAINERS_STORAGE_CONF: await writeStorage(folder),
    REGISTRY_AUTH_FILE: credentials,
    // Without a user session they look for a folder to write in and warn.
    XDG_RUNTIME_DIR: folder,
  };
  const command = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
    machine.run([name, ...flags, ...args], { timeout: LONG, ...options, env: { ...env, ...options.env } });

  return {
    name,
    command,
    trust: (host, ca) => machine.write(`/etc/containers/certs.d/${host}/ca.crt`, ca),
    login: (host, { user, password }) =>
      command(['login', '--username', user, '--password-stdin', host], { stdin: password }),
    logout: (host) => command(['logout', host]),
    async make(image, layers = [1000]) {
      const archive = await writeArchive(machine, image, layers);
      succeeded(await command(['pull', `docker-archive:${archive.path}`]));
      return archive.id;
    },
    push: (image) => command(['push', image]),
    pull: (image) => command(['pull', image]),
    tag: (from, to) => command(['tag', from, to]),
    remove: (image) => command(['rmi', '--force', image]),
    async id(image) {
      const format = name === 'podman' ? '{{.Id}}' : '{{.FromImageID}}';
      const type = name === 'podman' ? [] : ['--type', 'image'];
      const found = await command(['inspect', ...type, '--format', format, image]);
      return found.code === 0 ? `sha256:${found.stdout.trim()}` : undefined;
    },
    another: () => createStorageClient(machine, name, flags),
  };
}
