import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { emitFront, emitSplit, type Site } from '../../nginx-compat/index.ts';
import type { Config, HostConfig } from '../config/index.ts';
import { configOf, withConfigOptions, type ConfigOptions } from './config-options.ts';
import { Failure, inWords } from './failure.ts';
import { frontOf } from './nginx-front.ts';
import type { World } from './world.ts';

interface NginxExportOptions extends ConfigOptions {
  readonly front?: boolean;
  readonly accel?: boolean;
  readonly split?: boolean;
  readonly backend?: string;
  readonly read?: string;
  readonly write?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly out?: string;
}

/** `dockgate nginx export`: writes an nginx to stand in front of this Dockgate, or in its place. */
export function nginxExportCommand(world: World): Command {
  return withConfigOptions(new Command('export'))
    .description('write a file for nginx, from the configuration')
    .option('--front', 'nginx in front of Dockgate (what is written when nothing is chosen)')
    .option('--accel', 'the same, with nginx sending blobs from the store of Dockgate itself (accelRedirect)')
    .option('--split', 'nginx in the place of Dockgate: reads and writes to two registries of somebody else')
    .option('--host <name...>', 'the hosts to serve; those of the configuration')
    .option('--backend <url>', 'where nginx finds Dockgate, such as http://127.0.0.1:8080')
    .option('--read <url>', 'with --split: the registry for reads; that of the host')
    .option('--write <url>', 'with --split: the registry for writes; that of the host')
    .option('--cert <file>', 'the certificate with its chain, PEM; DATA/certs/server.crt')
    .option('--key <file>', 'its key, PEM; DATA/certs/server.key')
    .option('--out <file>', 'write there instead of on standard output')
    .action((options: NginxExportOptions) => inWords(() => exportNginx(options, world)));
}

async function exportNginx(options: NginxExportOptions, world: World): Promise<void> {
  const { host: named, ...rest } = options;
  if ([options.front, options.accel, options.split].filter(Boolean).length > 1) {
    throw new Failure('choose one of --front, --accel and --split', 2);
  }
  if ((options.cert === undefined) !== (options.key === undefined)) {
    throw new Failure('--cert and --key go together: give both or neither', 2);
  }
  const config = await configOf(rest, world);
  const { text, remarks } = options.split
    ? { text: split(config, options), remarks: [] }
    : front(config, sitesOf(config, named, options), options);
  if (options.out === undefined) world.stdout.write(text);
  else await writeFile(options.out, text);
  for (const remark of remarks) world.stderr.write(`remember: ${remark}\n`);
}

function front(
  config: Config,
  sites: readonly Site[],
  options: NginxExportOptions,
): { readonly text: string; readonly remarks: readonly string[] } {
  const { remarks, ...front } = frontOf(config, sites, { ...options, accel: options.accel === true });
  return { text: emitFront(front), remarks };
}

/** The hosts with their certificates, those that share one together. */
function sitesOf(
  config: Config,
  named: readonly string[] | undefined,
  options: Pick<NginxExportOptions, 'cert' | 'key'>,
): Site[] {
  const hosts = named ?? [...config.hosts.keys()];
  if (hosts.length === 0) throw new Failure('there are no hosts in the configuration: name one with --host');
  const sites = new Map<string, Site>();
  for (const host of hosts) {
    const files = certificateOf(config, config.hosts.get(host), options);
    const others = sites.get(files.certificate)?.hosts ?? [];
    sites.set(files.certificate, { hosts: [...others, inUrl(host)], ...files });
  }
  return [...sites.values()];
}

/** nginx takes IPv6 addresses as they stand in a Host header. */
function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function certificateOf(
  { tls, data }: Config,
  host: HostConfig | undefined,
  { cert, key }: Pick<NginxExportOptions, 'cert' | 'key'>,
): Omit<Site, 'hosts'> {
  if (cert !== undefined && key !== undefined) return { certificate: resolve(cert), key: resolve(key) };
  const own = host?.certificate ?? (tls.profile === 'files' ? tls : undefined);
  if (own) return { certificate: own.cert, key: own.key };
  const inData = (name: string): string => join(data, 'certs', name);
  // What an ACME server has issued is kept with its key in one file.
  if (tls.profile === 'acme') return { certificate: inData('acme.pem'), key: inData('acme.pem') };
  return { certificate: inData('server.crt'), key: inData('server.key') };
}

function split(config: Config, options: NginxExportOptions): string {
  const name = options.host?.[0] ?? externalHost(config);
  const host = config.hosts.get(name);
  const own = host?.kind === 'split' ? host : undefined;
  const [site] = sitesOf(config, [name], options);
  if (!site || (options.host?.length ?? 0) > 1) throw new Failure('--split is for one --host', 2);
  const side = (which: 'read' | 'write'): readonly Readonly<URL>[] => {
    const given = options[which];
    if (given !== undefined) return [urlOf(given, which)];
    const target = own?.[which];
    if (target && 'addresses' in target) return target.addresses;
    throw new Failure(`${name} has no external registry for "${which}": give one with --${which} URL`, 2);
  };
  const ca = own?.backend?.ca ?? '/etc/ssl/certs/ca-certificates.crt';
  return emitSplit({ site, read: side('read'), write: side('write'), ca });
}

/** The first host that reads from somebody else's registry, or else the first. */
function externalHost({ hosts }: Config): string {
  const external = [...hosts].find(([, host]) => host.kind === 'split' && 'addresses' in host.read);
  const [name] = external ?? [...hosts][0] ?? [];
  if (name === undefined)
    throw new Failure('there are no hosts in the configuration: name one with --host', 2);
  return name;
}

/** The address of a server, as the options give it. Throws Failure. */
function urlOf(text: string, option: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.hostname !== '') return url;
  throw new Failure(
    `--${option} ${text} is not the URL of a server; write for example http://10.0.0.5:8082`,
    2,
  );
}
