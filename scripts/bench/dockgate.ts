import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { hexOf, imageName, type Action, type Contender } from './contender.ts';
import type { Cores } from './cores.ts';
import { curl, type Ask } from './curl.ts';
import { startServer } from './server.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** What one Dockgate has for itself; by default its proxy asks nobody. */
export interface DockgateSettings {
  /** Its data below `folder`, which several may share. */
  readonly data: string;
  readonly proxy?: object;
}

const OFFLINE = { upstream: 'https://registry-1.docker.io', offline: true };

/** As people run it: the group answers reads, the hosted repository takes writes. Nothing leaves the machine. */
function configuration(proxy: object): object {
  return {
    hosts: { localhost: { read: 'docker-group', write: 'docker-hosted' } },
    listen: { https: 0, http: false },
    repositories: {
      'docker-hosted': { type: 'hosted' },
      'docker-hub': { type: 'proxy', ...proxy },
      'docker-group': { type: 'group', members: ['docker-hosted', 'docker-hub'], writable: 'docker-hosted' },
    },
    auth: { anonymous: 'pull' },
  };
}

/** Starts Dockgate on a free port, with an empty store unless another one shares its data. */
export async function startDockgate(
  folder: string,
  cores: Cores,
  settings: DockgateSettings,
): Promise<Contender> {
  const id = randomUUID();
  const config = join(folder, `${id}.yaml`);
  await writeFile(config, JSON.stringify(configuration(settings.proxy ?? OFFLINE))); // JSON is YAML.
  const data = join(folder, settings.data);
  const password = randomUUID();
  const logFile = join(folder, `${id}.log`);
  const server = startServer({
    argv: [process.execPath, join(ROOT, 'gateway/main.ts'), 'serve', '--config', config, '--data', data],
    core: cores.server,
    logFile,
    env: { DOCKGATE_ADMIN_PASSWORD: password },
  });
  try {
    const [, port] = await server.waitFor(/"listening".*"port":(\d+)|"port":(\d+).*"listening"/);
    const url = `https://localhost:${String(port)}`;
    const ca = join(data, 'certs', 'ca.crt');
    const clientCore = cores.client;
    return {
      name: 'Dockgate',
      version: await ownVersion(),
      url,
      ca,
      pid: server.pid,
      clientCore,
      logFile,
      blobFile: (digest) => join(data, 'blobs', 'sha256', hexOf(digest).slice(0, 2), hexOf(digest)),
      authorization: (action) => fetchToken({ ca, clientCore }, url, action, password),
      stop: () => server.stop(),
    };
  } catch (fault) {
    await server.stop();
    throw fault;
  }
}

/** As docker does: pulls with an anonymous token, pushes with one of a user. */
async function fetchToken(
  registry: Ask['registry'],
  url: string,
  action: Action,
  password: string,
): Promise<string> {
  const scope = `repository:${imageName}:${action === 'push' ? 'pull,push' : 'pull'}`;
  const login = action === 'push' ? ['--user', `admin:${password}`] : [];
  const { body } = await curl({
    registry,
    url: `${url}/v2/token?service=dockgate&scope=${scope}`,
    expect: 200,
    args: login,
  });
  return `Bearer ${(JSON.parse(body) as { token: string }).token}`;
}

async function ownVersion(): Promise<string> {
  return (JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string }).version;
}
