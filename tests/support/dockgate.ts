import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Credentials } from './clients/client.ts';
import { request } from './http-request.ts';
import type { Machine } from './machine.ts';
import { basic } from './realm.ts';
import type { Target } from './seed-image.ts';
import type { Server } from './server.ts';

/** How Dockgate is started; `config` is dockgate.yaml as a value, without it the default one runs. */
export interface DockgateOptions {
  readonly host?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** The command that runs it, such as `faketime -f +23h`. */
  readonly under?: readonly string[];
}

/** Dockgate on ports 443 and 80 of a machine, or those of its configuration. */
export interface Dockgate extends Target {
  readonly host: string;
  readonly ca: string;
  readonly credentials: Credentials;
  /** The `--data` folder; kept over `stop` and `start`. */
  readonly data: string;
  /** The running process, for its output, its pid and signals. */
  server(): Server;
  /** Starts it again on the same data and waits until it is ready. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
const CREDENTIALS = { user: 'admin', password: 'admin of the test' };

async function untilReady(machine: Machine, server: Server, url: string, caFile: string): Promise<void> {
  let last: unknown = 'no certificate authority yet';
  for (let attempt = 0; attempt < 300; attempt++) {
    const ca = await readFile(caFile, 'utf8').catch(() => undefined);
    if (ca !== undefined) {
      const reply = await request(machine, url, { ca }).catch((error: unknown) => void (last = error));
      if (reply?.status === 200) return;
      last = reply?.status ?? last;
    }
    const ended = await Promise.race([sleep(100, false), server.ended.then(() => true)]);
    if (ended) break;
  }
  throw new Error(`Dockgate did not become ready (${String(last)}); it printed:\n${server.output()}`);
}

/** Starts Dockgate inside a machine that knows its host name, and waits until it can serve. */
export async function createDockgate(machine: Machine, options: DockgateOptions = {}): Promise<Dockgate> {
  const host = options.host ?? 'idocker.test';
  const data = join(machine.folder, `dockgate-${randomUUID()}`);
  await mkdir(data);
  const caFile = join(data, 'certs', 'ca.crt');
  const argv = [...(options.under ?? []), process.execPath, MAIN, 'serve', '--data', data, '--host', host];
  if (options.config !== undefined) {
    await writeFile(`${data}.yaml`, JSON.stringify(options.config)); // JSON is YAML.
    argv.push('--config', `${data}.yaml`);
  }
  const { https = 443 } = (options.config?.listen ?? {}) as { readonly https?: number };
  const url = `https://${host}${https === 443 ? '' : `:${https}`}`;
  const env = { DOCKGATE_ADMIN_PASSWORD: CREDENTIALS.password, ...options.env };
  const launch = async (): Promise<Server> => {
    const started = machine.spawn(argv, { env });
    // By another clock than ours its certificate may not hold yet.
    const ready = options.under === undefined ? `${url}/readyz` : `http://${host}/ca.crt`;
    await untilReady(machine, started, ready, caFile);
    return started;
  };
  let server = await launch();
  return {
    place: machine,
    url,
    host,
    ca: await readFile(caFile, 'utf8'),
    credentials: CREDENTIALS,
    authorization: () => Promise.resolve(basic(CREDENTIALS)),
    data,
    server: () => server,
    async start() {
      server = await launch();
    },
    stop: () => server.stop(),
  };
}
