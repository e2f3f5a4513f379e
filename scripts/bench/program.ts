import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

/** How a program is run: `stdin` is a file descriptor, `timeout` in ms. */
export interface RunOptions {
  readonly stdin?: number;
  readonly timeout?: number;
}

/** Runs a program to its end and answers what it printed; throws with that when it failed or took too long. */
export async function run(
  argv: readonly string[],
  { stdin, timeout = 600_000 }: RunOptions = {},
): Promise<string> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, {
    stdio: [stdin ?? 'ignore', 'pipe', 'pipe'],
    timeout,
    killSignal: 'SIGKILL',
  }) as ChildProcessByStdio<null, Readable, Readable>;
  const [[code, signal], out, err] = await Promise.all([
    once(child, 'close') as Promise<[number | null, string | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  if (code === 0) return out;
  throw new Error(`${argv.join(' ')}\nended with ${signal ?? `code ${String(code)}`}\n${out}${err}`);
}
