import { stat } from 'node:fs/promises';
import { join } from 'node:path';

const FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/bin', '/sbin', '/snap/bin'];

/** The path of the first of these programs that is under `root`; undefined when none is. */
export async function findProgram(root: string, ...names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of FOLDERS) if (await isThere(root, `${folder}/${name}`)) return `${folder}/${name}`;
  }
  return undefined;
}

/** Whether something is at a path under `root`. */
export async function isThere(root: string, path: string): Promise<boolean> {
  return (await stat(join(root, path)).catch(() => undefined)) !== undefined;
}
