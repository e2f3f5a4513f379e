import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAccessLog, settledLog, withoutMarks, type LoggedRequest } from './access-log.ts';
import type { Authority } from './authority.ts';
import type { Place } from './place.ts';
import { succeeded } from './process.ts';
import { basic, startRealm, type Account, type Realm } from './realm.ts';
import type { Target } from './seed-image.ts';
import type { Server } from './server.ts';

/** Basic wants the account at the registry itself, token at a realm of its own. */
type UpstreamAuth =
  | { readonly type: 'basic'; readonly account: Account }
  | { readonly type: 'token'; readonly account: Account; readonly algorithm?: 'ES256' | 'RS256' };

/** How the registry is set up; `tls` signs a certificate for `host`, which must lead to the place's address. */
export interface UpstreamOptions {
  readonly auth?: UpstreamAuth;
  readonly tls?: Authority;
  readonly host?: string;
  /** A fixed port, for example 443; a free one when left out. */
  readonly port?: number;
  /** Whether it takes manifests of schema 1. */
  readonly schema1?: boolean;
  /** The registry that it is a pull-through cache of, such as `http://10.99.0.1:5000`; it takes no pushes then. */
  readonly cacheOf?: string;
  /** The folder of its store, for two registries that share one; a folder of its own when left out. */
  readonly store?: string;
}

/** Debian's docker-registry, started by a test. */
export interface Upstream extends Target {
  /** `http://127.0.0.1:41234`, with no slash at the end; no port either when it is the scheme's own. */
  readonly url: string;
  /** Every request it has answered since it was made or `forget` was called, in the order they ended. */
  requests(): Promise<LoggedRequest[]>;
  /** Every request that its realm has answered; empty without one. */
  realmRequests(): Promise<LoggedRequest[]>;
  /** Starts counting anew. */
  forget(): Promise<void>;
  /** Stops the registry; what it stored stays, and so does the realm. */
  stop(): Promise<void>;
  /** Starts it again on the same port. */
  start(): Promise<void>;
}

interface Setup {
  readonly folder: string;
  readonly store: string;
  readonly http: Readonly<Record<string, unknown>>;
  readonly auth: object;
  readonly schema1: boolean;
  readonly proxy: object;
  readonly realm: Realm | undefined;
}

async function basicSection(place: Place, folder: string, { user, password }: Account): Promise<object> {
  const path = join(folder, 'htpasswd');
  const made = succeeded(await place.run(['htpasswd', '-niB', user], { stdin: password }));
  await writeFile(path, made.stdout);
  return { htpasswd: { realm: 'upstream', path } };
}

async function prepare(place: Place, options: UpstreamOptions): Promise<Setup> {
  const folder = join(place.folder, `upstream-${randomUUID()}`);
  await mkdir(folder);
  const { auth, tls, schema1 = false, cacheOf, store = join(folder, 'store') } = options;
  const proxy = cacheOf === undefined ? {} : { proxy: { remoteurl: cacheOf } };
  const pair = await tls?.issue(options.host ?? place.address);
  const http = pair === undefined ? {} : { tls: { certificate: pair.cert, key: pair.key } };
  if (auth?.type === 'token') {
    const realm = await startRealm(place, folder, auth.account, auth.algorithm ?? 'ES256');
    return { folder, store, http, auth: realm.section, schema1, proxy, realm };
  }
  const section = auth === undefined ? {} : await basicSection(place, folder, auth.account);
  return { folder, store, http, auth: section, schema1, proxy, realm: undefined };
}

class DockerRegistry implements Upstream {
  readonly place: Place;
  readonly ca?: string;
  readonly authorization?: (name: string) => Promise<string>;
  readonly #setup: Setup;
  readonly #host: string;
  #port: number;
  #server: Server | undefined;
  #earlier = '';
  #forgotten = 0;

  constructor(place: Place, options: UpstreamOptions, setup: Setup) {
    this.place = place;
    this.#setup = setup;
    this.#host = options.host ?? place.address;
    this.#port = options.port ?? 0;
    if (options.tls !== undefined) this.ca = options.tls.ca;
    const { auth } = options;
    const { realm } = setup;
    if (realm !== undefined) this.authorization = (name) => realm.authorization(name);
    else if (auth !== undefined) this.authorization = () => Promise.resolve(basic(auth.account));
  }

  get url(): string {
    return new URL(`${this.ca === undefined ? 'http' : 'https'}://${this.#host}:${this.#port}`).origin;
  }

  async start(): Promise<void> {
    const { folder, store, http, auth, schema1, proxy } = this.#setup;
    const config = join(folder, 'config.yml');
    const settings = {
      version: '0.1',
      log: { level: 'info', accesslog: { disabled: false } },
      storage: { filesystem: { rootdirectory: store }, delete: { enabled: true } },
      http: { addr: `${this.place.address}:${this.#port}`, secret: randomUUID(), ...http },
      auth,
      compatibility: { schema1: { enabled: schema1 } },
      ...proxy,
    };
    await writeFile(config, JSON.stringify(settings)); // JSON is YAML.
    this.#server = this.place.spawn(['docker-registry', 'serve', config]);
    const [, port] = await this.#server.waitFor(/listening on [^"]*?:(\d+)/);
    this.#port = Number(port);
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    await server.stop();
    this.#earlier += server.stdout();
    this.#server = undefined;
  }

  async requests(): Promise<LoggedRequest[]> {
    return (await this.#log()).slice(this.#forgotten);
  }

  async realmRequests(): Promise<LoggedRequest[]> {
    return (await this.#setup.realm?.requests()) ?? [];
  }

  async forget(): Promise<void> {
    this.#forgotten = (await this.#log()).length;
  }

  async #log(): Promise<LoggedRequest[]> {
    const server = this.#server;
    const recent =
      server === undefined ? '' : await settledLog(this.place, server, `${this.url}/v2/`, this.ca);
    return withoutMarks(parseAccessLog(this.#earlier + recent));
  }
}

/** Starts a docker-registry with an empty store at that place; throws with its log when it does not come up. */
export async function createUpstream(place: Place, options: UpstreamOptions = {}): Promise<Upstream> {
  const registry = new DockerRegistry(place, options, await prepare(place, options));
  await registry.start();
  return registry;
}
