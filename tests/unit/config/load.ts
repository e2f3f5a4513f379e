import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ConfigErrors, loadConfig } from '../../../gateway/config/index.ts';
import type { Config } from '../../../gateway/config/index.ts';

type Request = Partial<Parameters<typeof loadConfig>[0]>;

/** Runs `use` in a new empty folder, which is removed afterwards. */
export async function inFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'dockgate-config-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The configuration of a dockgate.yaml with this text; no text: no file. */
export async function load(text: string | undefined, request: Request = {}): Promise<Config> {
  return inFolder(async (folder) => {
    if (text !== undefined) await writeFile(path.join(folder, 'dockgate.yaml'), text);
    return loadConfig({ overrides: {}, env: {}, cwd: folder, ...request });
  });
}

/** The lines of the report about a configuration that must be refused. */
export async function report(text: string | undefined, request: Request = {}): Promise<string[]> {
  const refusal = await refused(load(text, request));
  return refusal.message.split('\n');
}

/** The ConfigErrors that a load ends in. */
export async function refused(loading: Promise<Config>): Promise<ConfigErrors> {
  try {
    await loading;
  } catch (error) {
    if (error instanceof ConfigErrors) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}
