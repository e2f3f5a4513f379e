import path from 'node:path';
import type { Overrides } from './compose.ts';
import { BadValue } from './errors.ts';
import type { Path, Problem } from './errors.ts';
import type { Environment } from './expand.ts';
import { parseHostname } from './hostnames.ts';
import { parsePort } from './ports.ts';
import { proxyVariables } from './proxy-variables.ts';

/** The options of the command line as they were given; relative paths start from the working directory. */
export interface Options {
  readonly data?: string | undefined;
  readonly hosts?: readonly string[] | undefined;
  readonly https?: number | undefined;
  readonly http?: number | undefined;
}

/** Options that are right, canonical hosts and an absolute folder among them, and the mistakes of the others. */
export interface CheckedOptions {
  readonly overrides: Overrides;
  readonly problems: readonly Problem[];
}

const commandLine = 'command line';

/** Checks the options; the environment stands for those that are not given. */
export function checkOptions(options: Options, env: Environment, cwd: string): CheckedOptions {
  const problems: Problem[] = [];
  const attempt = <Value>(option: string, read: () => Value): Value | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      problems.push({ file: commandLine, path: option, message: error.message });
      return undefined;
    }
  };
  const port = (option: string, value: number | undefined) =>
    value === undefined ? undefined : attempt(option, () => parsePort(String(value)));
  const data = attempt('--data', () => dataFolder(options.data)) ?? setting(env.DOCKGATE_DATA);
  const hosts = (options.hosts ?? []).map((host) => attempt(`--host ${host}`, () => parseHostname(host)));
  const overrides = {
    data: data === undefined ? undefined : path.resolve(cwd, data),
    https: port('--https', options.https),
    http: port('--http', options.http),
    hosts: hosts.filter((host) => host !== undefined),
    outbound: proxyVariables(env),
  };
  return { overrides, problems };
}

/** An environment variable that is set to nothing counts as not set. */
export function setting(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

/** Where a key of the file got its value if not from the file: `--https` for `listen.https`. */
export function optionFor(keys: Path, overrides: Overrides): Omit<Problem, 'message'> | undefined {
  const [section, key] = keys;
  if (section !== 'listen' || (key !== 'https' && key !== 'http') || overrides[key] === undefined)
    return undefined;
  return { file: commandLine, path: `--${key}` };
}

/** The names of this machine that can be hosts; others are no mistake of the user's. */
export function usableNames(names: readonly string[]): string[] {
  return names.flatMap((name) => {
    try {
      return [parseHostname(name)];
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      return [];
    }
  });
}

function dataFolder(data: string | undefined): string | undefined {
  if (data === '') throw new BadValue('is empty; name the folder for everything that Dockgate writes');
  return data;
}
