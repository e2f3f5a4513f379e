import { randomInt, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { join } from 'node:path';
import { loadConfig } from '../../gateway/config/index.ts';
import { startGateway } from '../../gateway/gateway.ts';
import type { Log } from '../../gateway/log.ts';
import { openAccounts, openSqlite } from '../../registry/index.ts';
import { request, type Ask, type Reply } from './http-request.ts';
import type { Place } from './place.ts';
import { basic, type Account } from './realm.ts';
import type { Target } from './seed-image.ts';

/** One entry of the log: its message and its facts. */
type Entry = Readonly<Record<string, unknown>> & { readonly message: string };

/** A port of a gateway, spoken to as `admin`. */
interface Port extends Target {
  readonly port: number;
  /** Sends one request; `path` may be a whole URL. */
  ask(path: string, ask?: Ask): Promise<Reply>;
  /** The header of a bearer token for these scopes, of the caller of `authorization`; anonymous when it is empty. */
  token(scopes: readonly string[], authorization?: string): Promise<string>;
}

/** A gateway in the process of the test, on free ports; its host is `localhost`. */
export interface LocalGateway extends Port {
  readonly admin: Account;
  /** The `--data` folder. */
  readonly data: string;
  /** Everything that it has logged so far. */
  readonly entries: readonly Entry[];
  /** The port that redirects to HTTPS. */
  readonly plain: Port;
  /** The connector of a repository. */
  connector(repository: string): Port;
  addUser(name: string, password: string, ...roles: string[]): Promise<void>;
  /** Fulfils with the entry of the request that this reply answered. */
  logged(reply: Reply): Promise<Entry>;
  stop(): Promise<void>;
}

/** The user `admin` of every gateway that a test starts. */
const admin: Account = { user: 'admin', password: 'admin of the test' };

/** A port on which nobody listens just now, and none of those that the system gives to whoever asks for any. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    const server = net.createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => {
        resolve(false);
      });
      server.listen(port, () => {
        resolve(true);
      });
    });
    if (!isFree) continue;
    await new Promise((done) => server.close(done));
    return port;
  }
  throw new Error('no port is free');
}

/**
 * Writes dockgate.yaml (JSON is YAML) for free ports; gives its path and the folder `data`, a new one of the place unless
 * the settings name one that another gateway has had before.
 */
async function writeConfig(
  place: Place,
  settings: Readonly<Record<string, unknown>>,
): Promise<{ file: string; data: string }> {
  const { data = join(place.folder, `gateway-${randomUUID()}`) } = settings as { data?: string };
  await mkdir(data, { recursive: true });
  const file = `${data}.yaml`;
  await writeFile(file, JSON.stringify({ data, listen: { https: 0, http: 0 }, ...settings }));
  return { file, data };
}

/** Starts a gateway with sections of dockgate.yaml; it must be stopped. */
export async function startLocalGateway(
  place: Place,
  settings: Readonly<Record<string, unknown>>,
): Promise<LocalGateway> {
  const { file, data } = await writeConfig(place, settings);
  const config = await loadConfig({ file, overrides: {}, env: {} });
  const entries: Entry[] = [];
  const gateway = await startGateway(config, recorder(entries), admin.password, () => undefined);
  const ca = await readFile(join(data, 'certs', 'ca.crt'), 'utf8');
  const listening = entries.filter(({ message }) => message === 'listening');
  const open = (found: Entry | undefined): Port => {
    if (found === undefined) throw new Error('no such port');
    const { scheme, port } = found as Entry & { scheme: string; port: number };
    return openPort(place, `${scheme}://localhost:${port}`, port, ca);
  };
  return {
    ...open(listening.find(({ hosts }) => hosts !== undefined)),
    admin,
    data,
    entries,
    plain: open(listening.find(({ serves }) => serves !== undefined)),
    connector: (repository) => open(listening.find((each) => each.repository === repository)),
    async addUser(name, password, ...roles) {
      const metadata = await openSqlite(join(data, 'metadata.db'));
      const defined = Object.fromEntries(config.auth.roles);
      const accounts = openAccounts(metadata, { anonymous: 'none', roles: defined, assign: {} });
      await accounts.addUser({ name, password, roles });
      await metadata.close();
    },
    logged: (reply) => entryOf(entries, reply),
    stop: () => gateway.stop(),
  };
}

function recorder(entries: Entry[]): Log {
  const note = (message: string, facts = {}): void => void entries.push({ ...facts, message });
  return { error: note, warn: note, info: note, debug: note };
}

function openPort(place: Place, url: string, port: number, ca: string): Port {
  const ask: Port['ask'] = (path, options) => request(place, new URL(path, url), { ca, ...options });
  return {
    place,
    url,
    ca,
    port,
    ask,
    authorization: () => Promise.resolve(basic(admin)),
    async token(scopes, authorization = basic(admin)) {
      const query = new URLSearchParams(scopes.map((scope): [string, string] => ['scope', scope]));
      const headers: Record<string, string> = authorization === '' ? {} : { authorization };
      const { status, body } = await ask(`/v2/token?${query.toString()}`, { headers });
      if (status !== 200) throw new Error(`/v2/token answered ${status}: ${body.toString()}`);
      return `Bearer ${(JSON.parse(body.toString()) as { token: string }).token}`;
    },
  };
}

/** A request is logged when its connection is done with it, which can be after the client has read the answer. */
async function entryOf(entries: readonly Entry[], { headers }: Reply): Promise<Entry> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const found = entries.find(({ id }) => id === headers['x-request-id']);
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 10));
  }
  throw new Error(`no log entry for request ${String(headers['x-request-id'])}`);
}
