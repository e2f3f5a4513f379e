import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Place } from './place.ts';
import type { Outcome } from './process.ts';

/** The command `dockgate` of this checkout. */
export const PROGRAM = fileURLToPath(new URL('../../bin/dockgate.js', import.meta.url));

/** Runs `dockgate …` in the folder of a place, with the Node of the tests unless `node` is another. */
export function runDockgate(
  place: Place,
  argv: readonly string[],
  { stdin = '', node = process.execPath }: { stdin?: string; node?: string } = {},
): Promise<Outcome> {
  return place.run([node, PROGRAM, ...argv], { stdin, folder: place.folder });
}
