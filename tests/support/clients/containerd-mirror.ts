import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Containerd } from './containerd.ts';

/** A server that is asked for images of a registry before the registry itself; `ca` is PEM text for https. */
export interface Mirror {
  /** `https://idocker.test`, `http://idocker.test:8001`. */
  readonly url: string;
  readonly ca?: string;
}

/**
 * Writes `<registry>/hosts.toml` with one mirror. containerd adds `?ns=<registry>` to what it asks of a mirror, and
 * goes on to the registry itself when the mirror has not what it wants.
 */
export async function mirrorInContainerd(
  { hosts }: Containerd,
  registry: string,
  { url, ca }: Mirror,
): Promise<void> {
  const folder = join(hosts, registry);
  await mkdir(folder, { recursive: true });
  const lines = [`[host."${url}"]`, '  capabilities = ["pull", "resolve"]'];
  if (ca !== undefined) {
    const path = join(folder, 'mirror.pem');
    await writeFile(path, ca);
    lines.push(`  ca = "${path}"`);
  }
  await writeFile(join(folder, 'hosts.toml'), `${lines.join('\n')}\n`);
}
