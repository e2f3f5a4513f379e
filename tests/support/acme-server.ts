import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from './authority.ts';
import { freePort } from './gateway.ts';
import { request } from './http-request.ts';
import type { Place } from './place.ts';
import type { Server } from './server.ts';

/** How it is started. */
export interface AcmeServerOptions {
  /** The port where it looks for challenges, in place of 80. */
  readonly httpPort: number;
  /** Accounts that it knows; without them everybody gets one. */
  readonly externalAccounts?: Readonly<Record<string, string>>;
  /** Percents of nonces that it refuses; 20 when left out, so that every test meets some. */
  readonly badNonces?: number;
}

/** An ACME server, Debian's pebble, with a name server that leads every host to loopback. */
export interface AcmeServer {
  /** The URL of its directory. */
  readonly directory: string;
  /** PEM file of the authority that its own HTTPS needs. */
  readonly caFile: string;
  /** PEM of the root of what it issues; another one after each start. */
  root(): Promise<string>;
  /** Leads a host elsewhere; without an address back to loopback. */
  lead(host: string, address?: string): Promise<void>;
  /** What it has logged since it was started. */
  output(): string;
  stop(): Promise<void>;
  /** Starts it again; it has forgotten everything. */
  start(): Promise<void>;
}

/** An address that nobody can be reached at, and no packet leaves the machine for: connect(2) refuses it at once. */
export const NOWHERE = '255.255.255.255';

/** Starts an ACME server on loopback; it ends with the place. */
export async function startAcmeServer(place: Place, options: AcmeServerOptions): Promise<AcmeServer> {
  const authority = await createAuthority(place, 'root of the ACME server itself');
  const own = await authority.issue('localhost', '127.0.0.1');
  const [acme, management, dns, names] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const on = (port: number): string => `127.0.0.1:${port}`;
  const config = join(place.folder, 'pebble.json');
  const { httpPort, externalAccounts, badNonces = 20 } = options;
  const pebble = {
    listenAddress: on(acme),
    managementListenAddress: on(management),
    certificate: own.cert,
    privateKey: own.key,
    httpPort,
    tlsPort: await freePort(),
    externalAccountBindingRequired: externalAccounts !== undefined,
    externalAccountMACKeys: externalAccounts ?? {},
  };
  await writeFile(config, JSON.stringify({ pebble }));
  const env = {
    PEBBLE_VA_NOSLEEP: '1',
    PEBBLE_WFE_NONCEREJECT: String(badNonces),
    PEBBLE_AUTHZREUSE: '0',
  };
  const off = ['-http01', '', '-https01', '', '-tlsalpn01', '', '-defaultIPv6', ''];
  place.spawn(['pebble-challtestsrv', '-dns01', on(dns), '-management', on(names), ...off]);
  const ask = (url: string): ReturnType<typeof request> => request(place, url, { ca: authority.ca });
  const directory = `https://localhost:${acme}/dir`;
  let server: Server | undefined;
  const start = async (): Promise<void> => {
    server = place.spawn(['pebble', '-config', config, '-dnsserver', on(dns)], { env });
    await untilAnswers(() => ask(directory));
  };
  const tell = async (path: string, body: object): Promise<void> => {
    const url = `http://localhost:${names}${path}`;
    const { status } = await request(place, url, { method: 'POST', body: JSON.stringify(body) });
    if (status !== 200) throw new Error(`${path} answered ${status}`);
  };
  await start();
  await untilAnswers(() => tell('/clear-a', { host: 'nobody.test.' }));
  return {
    directory,
    caFile: authority.caFile,
    root: async () => (await ask(`https://localhost:${management}/roots/0`)).body.toString(),
    async lead(host, address) {
      await tell('/clear-a', { host: `${host}.` });
      if (address !== undefined) await tell('/add-a', { host: `${host}.`, addresses: [address] });
    },
    output: () => server?.output() ?? '',
    async stop() {
      await server?.stop();
    },
    start,
  };
}

async function untilAnswers(ask: () => Promise<unknown>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      await ask();
      return;
    } catch (fault) {
      if (attempt === 300) throw fault;
      await sleep(50);
    }
  }
}
