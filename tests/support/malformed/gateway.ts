import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import tls from 'node:tls';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { freePort } from '../gateway.ts';
import { request } from '../http-request.ts';
import { openSocket, type Place } from '../place.ts';
import { basic, type Account } from '../realm.ts';
import type { Target } from '../seed-image.ts';
import type { Server } from '../server.ts';

const MAIN = fileURLToPath(new URL('../../../gateway/main.ts', import.meta.url));
const REPORT = fileURLToPath(new URL('report-memory.ts', import.meta.url));
const admin: Account = { user: 'admin', password: 'admin of the test' };

/** Bytes in use after a collection of garbage. */
export interface Memory {
  readonly heap: number;
  readonly resident: number;
}

/** A gateway in a process of its own: a hosted repository and a group, by host with TLS and by a plain connector. */
export interface TestedGateway extends Target {
  readonly account: Account;
  readonly data: string;
  readonly server: Server;
  /** A new connection, to the host when `secure`, else to the connector. */
  connect(secure: boolean): Promise<Duplex>;
  memory(): Promise<Memory>;
}

/** Starts it and waits until it is ready; the place ends it. */
export async function startTestedGateway(place: Place): Promise<TestedGateway> {
  const data = join(place.folder, 'data');
  await mkdir(data);
  const [https, plain] = [await freePort(), await freePort()];
  const config = {
    data,
    hosts: { localhost: { read: 'group', write: 'hosted', web: true } },
    listen: { https, http: false },
    repositories: {
      hosted: { type: 'hosted' },
      group: { type: 'group', members: ['hosted'], writable: 'hosted' },
    },
    connectors: { [plain]: { repository: 'group' } },
    log: { level: 'warn' },
  };
  await writeFile(`${data}.yaml`, JSON.stringify(config)); // JSON is YAML.
  const node = [process.execPath, '--expose-gc', '--import', REPORT];
  const server = place.spawn([...node, MAIN, 'serve', '--config', `${data}.yaml`], {
    env: { DOCKGATE_ADMIN_PASSWORD: admin.password },
  });
  const url = `http://localhost:${plain}`;
  await untilReady(place, url, server);
  const ca = await readFile(join(data, 'certs', 'ca.crt'), 'utf8');
  let turn = 0;
  return {
    place,
    url,
    account: admin,
    data,
    server,
    authorization: () => Promise.resolve(basic(admin)),
    connect: (secure) =>
      secure ? connectSecurely(https, ca) : openSocket({ host: 'localhost', port: plain }),
    async memory() {
      turn += 1;
      await server.signal('SIGUSR2');
      const [, heap, resident] = await server.waitFor(new RegExp(`^memory ${turn} (\\d+) (\\d+)$`, 'm'));
      return { heap: Number(heap), resident: Number(resident) };
    },
  };
}

async function untilReady(place: Place, url: string, server: Server): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const reply = await request(place, `${url}/readyz`).catch(() => undefined);
    if (reply?.status === 200) return;
    await sleep(50);
  }
  throw new Error(`the gateway did not become ready; it printed:\n${server.output()}`);
}

function connectSecurely(port: number, ca: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host: 'localhost', servername: 'localhost', port, ca }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.once('error', reject);
  });
}
