import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hexOf, type Contender } from './contender.ts';
import type { Cores } from './cores.ts';
import { run } from './program.ts';
import { startServer } from './server.ts';

/** What docker-registry needs to serve the same certificate as Dockgate: PEM files. */
export interface SharedCertificate {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/**
 * Starts Debian's docker-registry on a free port with an empty store, with Debian's own settings but no login: that is
 * its fastest. Without a certificate it speaks plain HTTP.
 */
export async function startDockerRegistry(
  folder: string,
  cores: Cores,
  shared?: SharedCertificate,
): Promise<Contender> {
  const config = join(folder, 'docker-registry.yaml');
  const root = join(folder, 'docker-registry');
  const settings = {
    version: '0.1',
    storage: {
      cache: { blobdescriptor: 'inmemory' },
      filesystem: { rootdirectory: root },
      delete: { enabled: true },
    },
    http: {
      addr: '127.0.0.1:0',
      secret: randomUUID(),
      headers: { 'X-Content-Type-Options': ['nosniff'] },
      ...(shared && { tls: { certificate: shared.certificate, key: shared.key } }),
    },
    health: { storagedriver: { enabled: true, interval: '10s', threshold: 3 } },
  };
  await writeFile(config, JSON.stringify(settings)); // JSON is YAML.
  const logFile = join(folder, 'docker-registry.log');
  const server = startServer({ argv: ['docker-registry', 'serve', config], core: cores.server, logFile });
  try {
    const [, port] = await server.waitFor(/listening on [^"]*?:(\d+)/);
    return {
      name: 'docker-registry',
      version: /\S+$/.exec((await run(['docker-registry', '--version'])).trim())?.[0] ?? 'unknown',
      url: `${shared ? 'https' : 'http'}://localhost:${String(port)}`,
      ca: shared?.ca ?? '',
      pid: server.pid,
      clientCore: cores.client,
      logFile,
      blobFile: (digest) =>
        join(root, 'docker/registry/v2/blobs/sha256', hexOf(digest).slice(0, 2), hexOf(digest), 'data'),
      authorization: () => Promise.resolve(undefined),
      stop: () => server.stop(),
    };
  } catch (fault) {
    await server.stop();
    throw fault;
  }
}
