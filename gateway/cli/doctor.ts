import { Command, Option, InvalidArgumentError } from 'commander';
import { examine, type Finding } from '../../doctor/index.ts';
import type { Config } from '../config/index.ts';
import { configOf, withConfigOptions, type ConfigOptions } from './config-options.ts';
import { authorityOf, blobsOf, configuredAddresses, readAddress } from './doctor-address.ts';
import { loginOf, type Login, type LoginOptions } from './doctor-login.ts';
import { doctorProgress } from './doctor-progress.ts';
import { Failure, inWords } from './failure.ts';
import type { World } from './world.ts';

/** In seconds: what the gateway can be asked to wait. */
const longestPause = 300;

interface DoctorOptions extends ConfigOptions, LoginOptions {
  readonly ca?: string;
  readonly name?: string;
  readonly pull?: readonly string[];
  /** In ms. */
  readonly pause?: number;
  readonly json?: boolean;
}

/** `dockgate doctor`: goes through an address as a client does and says what to change, and where. */
export function doctorCommand(world: World, onSignal: (stop: () => void) => void): Command {
  return withConfigOptions(new Command('doctor'))
    .description('log in, push and pull through the public address, and say what is wrong with the way there')
    .argument(
      '[host]',
      'HOST, HOST:PORT or http://HOST:PORT, of any registry; all hosts of the configuration',
    )
    .option(
      '-u, --user <name>',
      'who logs in; else a user that is made and removed again, or who has logged in with docker or podman',
    )
    .addOption(new Option('--username <name>', 'as docker login has it').hideHelp())
    .option('--password-stdin', 'read the password from standard input')
    .option('--ca <file>', 'authority to trust, PEM, besides those of this machine')
    .option('--name <name>', 'image name to push under (dockgate-doctor/probe)')
    .option('--pull <image>', 'pull this image too, NAME:TAG as behind HOST/; may be repeated', collect)
    .option('--pause <seconds>', 'how long a transfer rests to find timeouts in front (5)', seconds)
    .option('--json', 'print JSON')
    .action((host: string | undefined, options: DoctorOptions) =>
      inWords(() => diagnose(host, options, world, onSignal)),
    );
}

/** What is found at one host. */
interface Diagnosis {
  readonly host: string;
  readonly findings: readonly Finding[];
}

async function diagnose(
  host: string | undefined,
  options: DoctorOptions,
  world: World,
  onSignal: (stop: () => void) => void,
): Promise<void> {
  const named = host === undefined ? undefined : readAddress(host);
  // Another machine's registry has nothing to do with a configuration that happens to be in this folder.
  const config =
    host === undefined || namesConfig(options, world) ? await configOf(options, world) : undefined;
  const targets = named ? [named] : config ? configuredAddresses(config) : [];
  const interrupted = new AbortController();
  onSignal(() => {
    world.stderr.write('dockgate: cleaning up; a second signal leaves at once\n');
    interrupted.abort(new Error('interrupted'));
  });
  const login = await loginOf(options, config, world);
  const diagnoses: Diagnosis[] = [];
  try {
    for (const target of targets) {
      if (interrupted.signal.aborted) break;
      if (targets.length > 1 && !options.json) world.stdout.write(`\n${target.host}\n`);
      const findings = await examineOne(target, {
        options,
        config,
        login,
        world,
        signal: interrupted.signal,
      });
      diagnoses.push({ host: target.host, findings });
    }
    if (options.json) world.stdout.write(`${JSON.stringify({ hosts: diagnoses })}\n`);
    if (interrupted.signal.aborted) throw new Failure('ended early');
    conclude(diagnoses, options, world);
  } finally {
    await login.forget();
  }
}

interface Circumstances {
  readonly options: DoctorOptions;
  readonly config: Config | undefined;
  readonly login: Login;
  readonly world: World;
  readonly signal: AbortSignal;
}

async function examineOne(
  target: URL,
  { options, config, login, world, signal }: Circumstances,
): Promise<readonly Finding[]> {
  const progress = doctorProgress(world);
  const findings = await examine({
    base: target,
    ca: await authorityOf(options.ca, config, target),
    credentials: login.credentialsFor(target),
    signal,
    images: options.pull ?? [],
    ...(options.pause !== undefined && { pause: options.pause }),
    ...(options.name !== undefined && { name: options.name }),
    ...(config && { local: { data: config.data, blobs: blobsOf(config) } }),
    ...(config?.listen.http && { plainPort: config.listen.http }),
    onCheck: (check) => {
      progress.show(`${target.host}: ${check}`);
    },
    onFinding: (finding) => {
      progress.clear();
      if (!options.json) world.stdout.write(inLines(finding));
    },
  });
  progress.clear();
  return findings;
}

function namesConfig({ data, config }: ConfigOptions, { env }: World): boolean {
  const named = [data, config, env.DOCKGATE_DATA, env.DOCKGATE_CONFIG];
  return named.some((each) => each !== undefined && each !== '');
}

function conclude(diagnoses: readonly Diagnosis[], { json }: DoctorOptions, world: World): void {
  const faulty = diagnoses.filter(({ findings }) => count(findings, 'error') > 0);
  if (!json && faulty.length < diagnoses.length) world.stdout.write('\n');
  for (const { host, findings } of diagnoses)
    if (!json && count(findings, 'error') === 0)
      world.stdout.write(
        count(findings, 'warning') === 0
          ? `Nothing is wrong with ${host}${reach(findings)}.\n`
          : `${host} works, with ${plural(count(findings, 'warning'), 'warning')}${reach(findings)}.\n`,
      );
  if (faulty.length > 0)
    throw new Failure(
      faulty
        .map(
          ({ host, findings }) =>
            `${plural(count(findings, 'error'), 'error')} and ${plural(count(findings, 'warning'), 'warning')} at ${host}`,
        )
        .join('; '),
    );
}

function count(findings: readonly Finding[], level: Finding['level']): number {
  return findings.filter((each) => each.level === level).length;
}

/** Whether it came as far as a push. */
function reach(findings: readonly Finding[]): string {
  const isWhole = findings.some(({ check, level }) => check === 'upload' && level === 'ok');
  return isWhole ? '' : ', as far as it was examined';
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function inLines({ level, check, what, advice, ms }: Finding): string {
  const first = `${level.padEnd(8)} ${check.padEnd(18)} ${what} (${ms} ms)\n`;
  return advice === undefined ? first : `${first}${' '.repeat(28)}→ ${advice}\n`;
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** In ms. */
function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= longestPause) return value * 1000;
  throw new InvalidArgumentError(`must be a number of seconds from 1 to ${longestPause}.`);
}
