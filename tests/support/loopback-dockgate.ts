import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';
import { basic } from './realm.ts';
import type { Target } from './seed-image.ts';
import type { Server } from './server.ts';

/** How it is started. */
export interface LoopbackOptions {
  /** Repositories besides `docker-hosted`; they are members of the group in this order. */
  readonly proxies?: Readonly<Record<string, object>>;
  /** Hosts besides `localhost`. */
  readonly hosts?: Readonly<Record<string, object>>;
  /** The `--data` folder of another one, which then has a second gateway; a new one when left out. */
  readonly data?: string;
  /** What Dockgate is started with, for example `['strace', '-o', file]`. */
  readonly before?: readonly string[];
}

/** Dockgate on a free port of loopback, with TLS: `docker-hosted` takes pushes, `docker-group` answers reads. */
export interface LoopbackDockgate extends Target {
  /** Changes with every start. */
  readonly url: string;
  readonly ca: string;
  readonly authorization: (name: string) => Promise<string>;
  readonly data: string;
  readonly server: Server;
  /** As this process sees it. */
  readonly pid: number;
  /** Ends it as a power cut would end the process: no handler runs. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Starts it again on the same data. */
  start(): Promise<void>;
}

const MAIN = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
const ADMIN = { user: 'admin', password: 'admin of the test' };

function configuration(data: string, { proxies = {}, hosts = {} }: LoopbackOptions): string {
  const members = ['docker-hosted', ...Object.keys(proxies)];
  return JSON.stringify({
    data,
    hosts: { localhost: { read: 'docker-group', write: 'docker-hosted' }, ...hosts },
    listen: { https: 0, http: false },
    repositories: {
      'docker-hosted': { type: 'hosted' },
      ...proxies,
      'docker-group': { type: 'group', members, writable: 'docker-hosted' },
    },
  });
}

interface Running {
  readonly server: Server;
  readonly url: string;
  readonly ca: string;
  readonly pid: number;
}

class Loopback implements LoopbackDockgate {
  readonly place: Place;
  readonly data: string;
  readonly #argv: readonly string[];
  #running: Running | undefined;

  constructor(place: Place, data: string, argv: readonly string[]) {
    this.place = place;
    this.data = data;
    this.#argv = argv;
  }

  get url(): string {
    return this.#now.url;
  }

  get ca(): string {
    return this.#now.ca;
  }

  get server(): Server {
    return this.#now.server;
  }

  get pid(): number {
    return this.#now.pid;
  }

  readonly authorization = (): Promise<string> => Promise.resolve(basic(ADMIN));

  async start(): Promise<void> {
    const server = this.place.spawn(this.#argv, { env: { DOCKGATE_ADMIN_PASSWORD: ADMIN.password } });
    const [line] = await server.waitFor(/^.*"message":"listening".*$/m);
    const { port } = JSON.parse(line) as { port: number };
    const pid = await server.pid();
    // Its own root: the data may be on a disk that only its mount namespace has.
    const ca = await readFile(join(`/proc/${pid}/root`, this.data, 'certs', 'ca.crt'), 'utf8');
    this.#running = { server, pid, ca, url: `https://localhost:${port}` };
  }

  async kill(): Promise<void> {
    await this.server.signal('SIGKILL');
    await this.server.ended;
  }

  async stop(): Promise<void> {
    await this.server.stop();
  }

  get #now(): Running {
    if (!this.#running) throw new Error('it was not started');
    return this.#running;
  }
}

/** Starts Dockgate at a place that shares loopback with the test, and waits until it listens. */
export async function startLoopbackDockgate(
  place: Place,
  options: LoopbackOptions = {},
): Promise<LoopbackDockgate> {
  const data = options.data ?? join(place.folder, `data-${randomUUID()}`);
  await mkdir(data, { recursive: true });
  const config = join(place.folder, `${randomUUID()}.yaml`);
  await writeFile(config, configuration(data, options)); // JSON is YAML.
  const argv = [...(options.before ?? []), process.execPath, MAIN, 'serve', '--config', config];
  const dockgate = new Loopback(place, data, argv);
  await dockgate.start();
  return dockgate;
}
