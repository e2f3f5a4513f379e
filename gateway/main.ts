#!/usr/bin/env node
import './young-generation.ts';
import './compile-cache.ts';
import manifest from '../package.json' with { type: 'json' };

// Loaded only now, since loading makes the young generation grow.
const { Command, CommanderError } = await import('commander');
const { Failure } = await import('./cli/failure.ts');

/** The commands by their names; the only reader of argv and the environment, and the only exit. */
const program = new Command('dockgate')
  .description('One HTTPS hostname, no port, for docker login, push and pull.')
  .version(manifest.version, '--version', 'print the version')
  .configureHelp({ showGlobalOptions: true });

const world = { env: process.env, stdin: process.stdin, stdout: process.stdout, stderr: process.stderr };

/** Each is loaded only when it is wanted: the engine, which few need, is most of the program. */
const commands = {
  serve: async () => (await import('./cli/serve.ts')).serveCommand(world, onSignal),
  user: async () => (await import('./cli/user.ts')).userCommand(world),
  certs: async () => (await import('./cli/certs.ts')).certsCommand(world),
  explain: async () => (await import('./cli/explain.ts')).explainCommand(world),
  prefetch: async () => (await import('./cli/prefetch.ts')).prefetchCommand(world),
  trust: async () => (await import('./cli/trust.ts')).trustCommand(world),
  upstream: async () => (await import('./cli/upstream.ts')).upstreamCommand(world),
  doctor: async () => (await import('./cli/doctor.ts')).doctorCommand(world, onSignal),
  nginx: async () => (await import('./cli/nginx.ts')).nginxCommand(world),
};
const wanted = Object.entries(commands).filter(([name]) => name === process.argv[2]);
// Where none is named, the help or the error has them all.
for (const [, load] of wanted.length > 0 ? wanted : Object.entries(commands))
  program.addCommand(await load());
leaveExitToUs(program);

// Between "it listens" and "it works" a forgotten rejection must not go unseen, nor end transfers of others.
process.on('unhandledRejection', (fault) => {
  process.stderr.write(
    `dockgate: unhandled rejection: ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}\n`,
  );
});

try {
  await program.parseAsync();
} catch (fault) {
  process.exitCode = report(fault);
}

/** Wrong usage of a command, and of a command's command, comes here as an error. */
function leaveExitToUs(command: InstanceType<typeof Command>): void {
  command.exitOverride();
  command.commands.forEach(leaveExitToUs);
}

/** 0: fine, 1: it did not work, 2: wrong usage. */
function report(fault: unknown): number {
  if (fault instanceof CommanderError) return fault.exitCode === 0 ? 0 : 2;
  if (fault instanceof Failure) {
    process.stderr.write(`dockgate: ${fault.message}\n`);
    return fault.exitCode;
  }
  process.stderr.write(
    `dockgate: ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}\n`,
  );
  return 1;
}

/** Calls `stop` at the first signal to end and leaves at the second. */
function onSignal(stop: () => void): void {
  let signals = 0;
  const receive = (): void => {
    signals += 1;
    if (signals === 1) stop();
    else process.exit(1);
  };
  process.on('SIGTERM', receive);
  process.on('SIGINT', receive);
}
