import { Command, InvalidArgumentError } from 'commander';
import { examine, type Finding } from '../../doctor/index.ts';
import { configOf, withConfigOptions, type ConfigOptions } from './config-options.ts';
import { authorityOf, blobsOf, firstAddress, readAddress } from './doctor-address.ts';
import { loginOf, type LoginOptions } from './doctor-login.ts';
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
      'HOST, HOST:PORT or http://HOST:PORT, of any registry; the first host of the configuration',
    )
    .option('--user <name>', 'who logs in; on the machine of the gateway a user is made and removed again')
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

async function diagnose(
  host: string | undefined,
  options: DoctorOptions,
  world: World,
  onSignal: (stop: () => void) => void,
): Promise<void> {
  const base = host === undefined ? undefined : readAddress(host);
  // Another machine's registry has nothing to do with a configuration that happens to be in this folder.
  const config =
    host === undefined || namesConfig(options, world) ? await configOf(options, world) : undefined;
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
      ca: await authorityOf(options.ca, config, target),
      credentials: login.credentials,
      signal: interrupted.signal,
      images: options.pull ?? [],
      ...(options.pause !== undefined && { pause: options.pause }),
      ...(options.name !== undefined && { name: options.name }),
      ...(config && { local: { data: config.data, blobs: blobsOf(config) } }),
      ...(config?.listen.http && { plainPort: config.listen.http }),
      onFinding: (finding) => {
        if (!options.json) world.stdout.write(inLines(finding));
      },
    });
    conclude(findings, target, options, world);
    if (interrupted.signal.aborted) throw new Failure('ended early');
  } finally {
    await login.forget();
  }
}

function namesConfig({ data, config }: ConfigOptions, { env }: World): boolean {
  const named = [data, config, env.DOCKGATE_DATA, env.DOCKGATE_CONFIG];
  return named.some((each) => each !== undefined && each !== '');
}

function conclude(findings: readonly Finding[], { host }: URL, { json }: DoctorOptions, world: World): void {
  const count = (level: string): number => findings.filter((each) => each.level === level).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (json) world.stdout.write(`${JSON.stringify({ host, findings })}\n`);
  else if (errors + warnings === 0)
    world.stdout.write(`\nNothing is wrong with ${host}${reach(findings)}.\n`);
  if (errors > 0)
    throw new Failure(`${plural(errors, 'error')} and ${plural(warnings, 'warning')} at ${host}`);
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
