import { Command } from 'commander';
import { startGateway } from '../gateway.ts';
import { createLog } from '../log.ts';
import { configOf, withConfigOptions, type ConfigOptions } from './config-options.ts';
import { inWords } from './failure.ts';
import type { World } from './world.ts';

/** `dockgate serve`: runs the gateway until it is told to stop. */
export function serveCommand(world: World, onSignal: (stop: () => void) => void): Command {
  return withConfigOptions(new Command('serve'))
    .description('run the gateway')
    .option('--host <name>', 'hostname or IP address to serve; may be given several times', collect, [])
    .option('--https <port>', 'port for HTTPS (443)', Number)
    .option('--http <port>', 'port for plain HTTP, which redirects (80)', Number)
    .action((options: ConfigOptions) => inWords(() => serve(options, world, onSignal)));
}

async function serve(
  options: ConfigOptions,
  world: World,
  onSignal: (stop: () => void) => void,
): Promise<void> {
  const config = await configOf(options, world);
  const log = createLog(config.log);
  // Set to nothing counts as not set.
  const adminPassword =
    world.env.DOCKGATE_ADMIN_PASSWORD === '' ? undefined : world.env.DOCKGATE_ADMIN_PASSWORD;
  const gateway = await startGateway(config, log, adminPassword, (password) => {
    world.stderr.write(`\nThe password of the user admin, shown only this once: ${password}\n\n`);
  });
  await new Promise<void>((resolve, reject) => {
    onSignal(() => {
      log.info('stopping', { how: 'requests under way are finished; a second signal ends them' });
      gateway.stop().then(resolve, reject);
    });
  });
  log.info('stopped');
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
