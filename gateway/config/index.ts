import path from 'node:path';
import process from 'node:process';
import type { Config } from './config.ts';
import { ConfigErrors } from './errors.ts';
import { examine } from './examine.ts';
import type { Environment } from './expand.ts';
import { deepFreeze } from './freeze.ts';
import { checkOptions, setting, usableNames } from './options.ts';
import type { Options } from './options.ts';
import { readTree } from './read-tree.ts';
import { resolve } from './resolve.ts';
import { readSource } from './source.ts';

export { ConfigErrors } from './errors.ts';
export type { Problem } from './errors.ts';
export type * from './config.ts';

/** Everything that a configuration is made of. */
export interface ConfigRequest {
  /** The file of --config; else DOCKGATE_CONFIG, else `dockgate.yaml` if there is one. */
  readonly file?: string | undefined;
  readonly overrides: Options;
  readonly env: Environment;
  /** What this machine is called; served as well when the file names no hosts. */
  readonly machineNames?: readonly string[] | undefined;
  /** Where relative options start from; by default the working directory. */
  readonly cwd?: string | undefined;
}

/**
 * The configuration of file, options and environment, complete and frozen. Nothing is written and no port is tried.
 * Throws ConfigErrors with every mistake that can be found.
 */
export async function loadConfig(request: ConfigRequest): Promise<Config> {
  const { overrides: options, env, machineNames = [], cwd = process.cwd() } = request;
  const source = await readSource(request.file ?? setting(env.DOCKGATE_CONFIG), cwd);
  const { overrides, problems } = checkOptions(options, env, cwd);
  const examined = examine(readTree(source?.text ?? '', env), source?.name ?? 'command line', overrides);
  if ('problems' in examined) throw new ConfigErrors([...problems, ...examined.problems]);
  if (problems.length > 0) throw new ConfigErrors(problems);
  const { settings, defaultHosts } = examined;
  // Nobody else could validate what this machine is called, and one name that fails fails the whole order.
  const isLocal = defaultHosts && settings.tls.profile !== 'acme';
  const ownNames = isLocal ? usableNames(machineNames) : [];
  const folder = source === undefined ? cwd : path.dirname(source.file);
  const surroundings = { file: source?.file, folder, addedHosts: [...ownNames, ...(overrides.hosts ?? [])] };
  return deepFreeze(resolve(settings, surroundings));
}
