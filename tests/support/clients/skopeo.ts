import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeArchive } from '../archive.ts';
import type { Machine } from '../machine.ts';
import { succeeded, type Outcome, type RunOptions } from '../process.ts';
import type { Client } from './client.ts';

/** skopeo has no store: folders in which each image is a `dir:` with its exact manifest stand in for one. */
export interface Skopeo extends Client {
  skopeo(args: readonly string[], options?: RunOptions): Promise<Outcome>;
}

const LONG = 600_000;

/** Makes a skopeo with an empty folder of images and its own file of credentials. */
export async function createSkopeo(machine: Machine): Promise<Skopeo> {
  const folder = join(machine.folder, `s-${randomUUID().slice(0, 8)}`);
  await mkdir(folder);
  const env = { REGISTRY_AUTH_FILE: join(folder, 'auth.json'), XDG_RUNTIME_DIR: folder };
  const skopeo = (args: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
    machine.run(['skopeo', ...args], { timeout: LONG, ...options, env: { ...env, ...options.env } });
  const path = (image: string): string => join(folder, encodeURIComponent(image));
  const local = (image: string): string => `dir:${path(image)}`;
  const copy = (from: string, to: string): Promise<Outcome> => skopeo(['copy', from, to]);

  return {
    name: 'skopeo',
    skopeo,
    trust: (host, ca) => machine.write(`/etc/containers/certs.d/${host}/ca.crt`, ca),
    login: (host, { user, password }) =>
      skopeo(['login', '--username', user, '--password-stdin', host], { stdin: password }),
    logout: (host) => skopeo(['logout', host]),
    async make(image, layers = [1000]) {
      const archive = await writeArchive(machine, image, layers);
      succeeded(await copy(`docker-archive:${archive.path}`, local(image)));
      return archive.id;
    },
    push: (image) => copy(local(image), `docker://${image}`),
    pull: (image) => copy(`docker://${image}`, local(image)),
    tag: (from, to) => copy(local(from), local(to)),
    async remove(image) {
      await rm(path(image), { recursive: true, force: true });
      return { command: `rm ${path(image)}`, code: 0, signal: null, stdout: '', stderr: '' };
    },
    async id(image) {
      const text = await readFile(join(path(image), 'manifest.json'), 'utf8').catch(() => undefined);
      if (text === undefined) return undefined;
      return (JSON.parse(text) as { config: { digest: string } }).config.digest;
    },
    another: () => createSkopeo(machine),
  };
}
