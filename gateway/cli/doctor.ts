import { randomBytes } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { examine, readCertificates, type Credentials, type Finding } from '../../doctor/index.ts';
import { openAccounts } from '../../registry/index.ts';
import type { Config } from '../config/index.ts';
import { grantSettings, openMetadata } from '../engine.ts';
import { configOf, withConfigOptions, type ConfigOptions } from './config-options.ts';
import { Failure, inWords } from './failure.ts';
import { readPassword } from './password.ts';
import type { World } from './world.ts';

interface DoctorOptions extends ConfigOptions {
  readonly user?: string;
  readonly passwordStdin?: boolean;
  readonly ca?: string;
  readonly name?: string;
  readonly json?: boolean;
}

/** `dockgate doctor`: goes through an address as a client does and says what to change, and where. */
export function doctorCommand(world: World, onSignal: (stop: () => void) => void): Command {
  return withConfigOptions(new Command('doctor'))
    .description('log in, push and pull through the public address, and say what is wrong with the way there')
    .argument(
      '[host]',
      'HOST, HOST:PORT or http://HOST:PORT, of any registry; the first host of the configuration',
    )
    .option('--user <name>', 'who logs in; on the machine of the gateway a user is made and removed again')
    .option('--password-stdin', 'read the password from standard input')
    .option('--ca <file>', 'authority to trust, PEM, besides those of this machine')
    .option('--name <name>', 'image name to push under (dockgate-doctor/probe)')
    .option('--json', 'print JSON')
    .action((host: string | undefined, options: DoctorOptions) =>
      inWords(() => diagnose(host, options, world, onSignal)),
    );
}

async function diagnose(
  host: string | undefined,
  options: DoctorOptions,
  world: World,
  onSignal: (stop: () => void) => void,
): Promise<void> {
  const base = host === undefined ? undefined : readAddress(host);
  // Another machine's registry has nothing to do with a configuration that happens to be in this folder.
  const isLocal = host === undefined || options.data !== undefined || options.config !== undefined;
  const config = isLocal ? await configOf(options, world) : undefined;
  const target = base ?? firstAddress(config);
  const interrupted = new AbortController();
  onSignal(() => {
    world.stderr.write('dockgate: cleaning up; a second signal leaves at once\n');
    interrupted.abort(new Error('interrupted'));
  });
  const login = await loginOf(options, config, target, world);
  try {
    const findings = await examine({
      base: target,
      ca: await authorityOf(options, config, target),
      credentials: login.credentials,
      signal: interrupted.signal,
      ...(options.name !== undefined && { name: options.name }),
      ...(config && { local: { data: config.data, blobs: blobsOf(config) } }),
      ...(config?.listen.http && { plainPort: config.listen.http }),
      onFinding: (finding) => {
        if (!options.json) world.stdout.write(inLines(finding));
      },
    });
    conclude(findings, target, options, world);
  } finally {
    await login.forget();
  }
}

function conclude(findings: readonly Finding[], { host }: URL, { json }: DoctorOptions, world: World): void {
  const count = (level: string): number => findings.filter((each) => each.level === level).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (json) world.stdout.write(`${JSON.stringify({ host, findings })}\n`);
  else if (errors + warnings === 0) world.stdout.write(`\nNothing is wrong with ${host}.\n`);
  if (errors > 0)
    throw new Failure(`${plural(errors, 'error')} and ${plural(warnings, 'warning')} at ${host}`);
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function inLines({ level, check, what, advice, ms }: Finding): string {
  const first = `${level.padEnd(8)} ${check.padEnd(18)} ${what} (${ms} ms)\n`;
  return advice === undefined ? first : `${first}${' '.repeat(28)}→ ${advice}\n`;
}

function readAddress(host: string): URL {
  const url = /^https?:\/\//.test(host) ? host : `https://${host}`;
  if (URL.canParse(url)) {
    const { origin, pathname, hostname } = new URL(url);
    if (pathname === '/' && hostname !== '') return new URL(origin);
  }
  throw new Failure(`${host} is no host: name HOST, HOST:PORT or http://HOST:PORT`, 2);
}

/** The first host with a registry; a wildcard names no machine. */
function firstAddress(config: Config | undefined): URL {
  const [host] =
    [...(config?.hosts ?? [])].find(([name, { kind }]) => kind !== 'page' && !name.startsWith('*')) ?? [];
  const port = config?.listen.https;
  if (host === undefined || !port)
    throw new Failure('the configuration names no host with a port that can be examined: name HOST:PORT', 2);
  return new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
}

/** `--ca`, else the authority of the gateway on this machine, else what docker or podman trust for this host. */
async function authorityOf(
  { ca }: DoctorOptions,
  config: Config | undefined,
  { host }: URL,
): Promise<string | undefined> {
  if (ca !== undefined) return readAuthority(ca);
  const files = [
    ...(config ? [join(config.data, 'certs', 'ca.crt')] : []),
    `/etc/docker/certs.d/${host}/ca.crt`,
    `/etc/containers/certs.d/${host}/ca.crt`,
  ];
  for (const file of files) {
    const pem = await readFile(file, 'utf8').catch(() => undefined);
    if (pem !== undefined) return pem;
  }
  return undefined;
}

async function readAuthority(file: string): Promise<string> {
  try {
    const pem = await readFile(file, 'utf8');
    if (readCertificates(pem).length > 0) return pem;
  } catch (cause) {
    throw new Failure(`${file} cannot be read: name a PEM file with --ca`, 2, cause);
  }
  throw new Failure(`${file} has no certificate: name a PEM file with --ca`, 2);
}

function blobsOf({ data, blobStores }: Config): string {
  return blobStores.get('default')?.path ?? join(data, 'blobs');
}

/** Who logs in, and how to take it back. */
interface Login {
  readonly credentials: () => Promise<Credentials | undefined>;
  readonly forget: () => Promise<void>;
}

async function loginOf(
  { user, passwordStdin }: DoctorOptions,
  config: Config | undefined,
  target: URL,
  world: World,
): Promise<Login> {
  const forget = (): Promise<void> => Promise.resolve();
  if (user !== undefined) {
    const named = { user, password: await readPassword(world, passwordStdin) };
    return { credentials: () => Promise.resolve(named), forget };
  }
  if (passwordStdin) throw new Failure('--password-stdin wants --user', 2);
  if (config && knowsOurUsers(config, target)) return temporaryUser(config);
  return { credentials: () => Promise.resolve(undefined), forget };
}

/** False where somebody else's registry checks the credentials. */
function knowsOurUsers({ hosts }: Config, { hostname }: URL): boolean {
  const host = hosts.get(hostname.replace(/^\[(.*)\]$/, '$1'));
  if (host?.kind !== 'split') return host === undefined;
  return 'repository' in host.read || (host.write !== undefined && 'repository' in host.write);
}

/** A user that is made when it is first asked for: whoever may open the data folder may do everything. */
function temporaryUser(config: Config): Login {
  const name = `doctor-${randomBytes(4).toString('hex')}`;
  const made = { user: name, password: randomBytes(24).toString('base64url') };
  let adding: Promise<Credentials | undefined> | undefined;
  const change = async (
    work: (accounts: ReturnType<typeof openAccounts>) => Promise<void>,
  ): Promise<void> => {
    const metadata = await openMetadata(config);
    try {
      await work(openAccounts(metadata, grantSettings(config)));
    } finally {
      await metadata.close();
    }
  };
  const add = async (): Promise<Credentials | undefined> => {
    // Opening would make it, in a folder where no gateway is.
    await access(join(config.data, 'metadata.db'));
    await change((accounts) => accounts.addUser({ name, password: made.password, roles: ['admin'] }));
    return made;
  };
  return {
    credentials: () => (adding ??= add()),
    async forget() {
      if (await adding?.catch(() => undefined)) await change((accounts) => accounts.removeUser(name));
    },
  };
}
