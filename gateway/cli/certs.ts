import { access } from 'node:fs/promises';
import { json } from 'node:stream/consumers';
import { Command } from 'commander';
import {
  exportCertificates,
  renewServer,
  rotateAuthority,
  type ServedCertificates,
} from '../../certs/index.ts';
import { certificateFolder, certificateSettings } from '../certificates.ts';
import { shownInFiles, type Shown } from '../certificates-shown.ts';
import type { Config } from '../config/index.ts';
import { NoGateway, requireGateway } from '../control/index.ts';
import { day, inLines } from './certificate-lines.ts';
import { configOf, withConfigOptions, type ConfigOptions } from './config-options.ts';
import { Failure, inWords } from './failure.ts';
import { readPassword } from './password.ts';
import { askRunning } from './running.ts';
import type { World } from './world.ts';

interface RenewOptions extends ConfigOptions {
  readonly authority?: boolean;
  readonly now?: boolean;
}

interface ExportOptions extends ConfigOptions {
  readonly pem?: string;
  readonly bundle?: string;
  readonly p12?: string;
  readonly passwordStdin?: boolean;
}

/** `dockgate certs …`: the certificates of a data folder. A running gateway serves what they make within seconds. */
export function certsCommand(world: World): Command {
  const command = new Command('certs').description('show, renew and export the certificates');
  const sub = (name: string): Command => withConfigOptions(command.command(name));

  sub('show')
    .description('show the authority and what is served')
    .option('--json', 'print JSON')
    .action((options: ConfigOptions & { json?: boolean }) => inWords(() => show(options, world)));
  sub('renew')
    .description('issue the server certificate again; a running gateway takes it within seconds')
    .option('--authority', 'make the CA that takes over; clients are given both until then (tls.overlap)')
    .option('--now', 'with --authority: let it take over at once')
    .action((options: RenewOptions) => inWords(() => renew(options, world)));
  sub('export')
    .description('write copies of what is served')
    .option('--pem <file>', 'the server certificate, its chain and its key, in one PEM file')
    .option('--bundle <file>', 'what clients are to trust, in one PEM file')
    .option('--p12 <file>', 'the server certificate, its chain and its key, as PKCS#12')
    .option('--password-stdin', 'read the password of the PKCS#12 file from standard input')
    .action((options: ExportOptions) => inWords(() => exportTo(options, world)));
  return command;
}

async function show(options: ConfigOptions & { json?: boolean }, world: World): Promise<void> {
  const config = await configOf(options, world);
  const running = await shownByRunning(options, world);
  const shown = running ?? (await shownInFiles(config));
  if (shown.length === 0) {
    throw new Failure(`there is no certificate in ${config.data} yet: "dockgate serve" makes it`);
  }
  const from = running ? 'gateway' : 'files';
  if (options.json) world.stdout.write(`${JSON.stringify({ from, certificates: shown })}\n`);
  else world.stdout.write(`${SOURCES[from]}\n\n${shown.map(inLines).join('\n')}`);
}

const SOURCES = {
  gateway: 'What the running gateway serves:',
  files: 'No gateway runs here. What the files hold:',
} as const;

/** A gateway may have been given hosts on its command line, and goes on with what it has when new files are wrong. */
async function shownByRunning(options: ConfigOptions, world: World): Promise<readonly Shown[] | undefined> {
  try {
    const body = await askRunning(options, world, { method: 'GET', path: '/api/v1/certificates' });
    return ((await json(body)) as { certificates: Shown[] }).certificates;
  } catch (fault) {
    if (fault instanceof Failure && fault.cause instanceof NoGateway) return undefined;
    throw fault;
  }
}

async function renew({ authority, now, ...options }: RenewOptions, world: World): Promise<void> {
  if (now && !authority)
    throw new Failure('--now goes with --authority: without it the renewal is at once', 2);
  const config = await configOf(options, world);
  if (config.tls.profile === 'acme' && !authority) await requirePort80(config.data);
  if (config.tls.profile === 'ca' || config.tls.profile === 'self-signed') await requireCertificates(config);
  const settings = certificateSettings(config);
  const served = authority
    ? await rotateAuthority(settings, { immediately: now === true })
    : await renewServer(settings);
  world.stdout.write(authority ? ofRotation(served) : ofRenewal(served));
  for (const warning of served.warnings) world.stderr.write(`warning: ${warning}\n`);
}

/** In a folder that was mistyped it would make another CA, and say that all is well. */
async function requireCertificates(config: Config): Promise<void> {
  await access(certificateFolder(config)).catch((fault: unknown) => {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') return;
    const what = `there is no certificate in ${config.data} yet`;
    throw new Failure(`${what}: "dockgate serve" makes it, or name its folder with --data`, 1, fault);
  });
}

/** The command orders by itself, but the port that the authority asks is the gateway's. */
async function requirePort80(data: string): Promise<void> {
  await requireGateway(data).catch((fault: unknown) => {
    throw fault instanceof NoGateway ? new Failure(fault.message, 1, fault) : fault;
  });
}

function ofRenewal({ names, notAfter }: ServedCertificates): string {
  return `renewed until ${day(notAfter.toISOString())} for ${names.join(', ')}\n`;
}

function ofRotation({ takeover, fingerprints }: ServedCertificates): string {
  const [present, next] = fingerprints;
  if (takeover === undefined || next === undefined) {
    return `the new CA signs from now on: ${present ?? ''}\nclients that trust the one before go on, and new ones trust it by /ca.crt\n`;
  }
  return `the next CA: ${next}\nclients are given it with the present one by /ca.crt; it signs from ${day(takeover.toISOString())} on\n`;
}

async function exportTo(options: ExportOptions, world: World): Promise<void> {
  const { pem, bundle, p12, passwordStdin, ...rest } = options;
  if (pem === undefined && bundle === undefined && p12 === undefined) {
    throw new Failure('say what to write: --pem FILE, --bundle FILE or --p12 FILE', 2);
  }
  const settings = certificateSettings(await configOf(rest, world));
  const password = p12 === undefined ? '' : await readPassword(world, passwordStdin);
  if (p12 !== undefined && password === '') throw new Failure('the password is empty: give one', 2);
  await exportCertificates(settings, {
    pem,
    bundle,
    ...(p12 !== undefined && { p12: { file: p12, password } }),
  });
  const files = [pem, bundle, p12].filter((file) => file !== undefined);
  // What went to standard output stands there alone.
  const told = files.some((file) => file.startsWith('/dev/')) ? world.stderr : world.stdout;
  for (const file of files) told.write(`wrote ${file}\n`);
}
