import { Option, type Command } from 'commander';
import { machineNames } from '../../certs/index.ts';
import { loadConfig, type Config } from '../config/index.ts';
import type { World } from './world.ts';

/** The options by which a command finds the configuration and the data. */
export interface ConfigOptions {
  readonly config?: string;
  readonly data?: string;
  readonly host?: string[];
  readonly https?: number;
  readonly http?: number;
}

/** Adds `--config` and `--data`. */
export function withConfigOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--config <file>', 'configuration file (DOCKGATE_CONFIG; ./dockgate.yaml if there is one)'),
    )
    .addOption(new Option('--data <dir>', 'folder for everything it writes (DOCKGATE_DATA; ./data)'));
}

/** The configuration that the options, the environment and the file make. Throws ConfigErrors. */
export function configOf({ config, ...overrides }: ConfigOptions, { env }: World): Promise<Config> {
  const { data, host, https, http } = overrides;
  return loadConfig({
    file: config,
    overrides: { data, hosts: host, https, http },
    env,
    machineNames: machineNames(),
  });
}
