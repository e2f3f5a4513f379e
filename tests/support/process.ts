import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import type { Readable, Writable } from 'node:stream';

/** How a program ended: `code` is null when a signal ended it. */
export interface Outcome {
  readonly command: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a program is given; `timeout` in milliseconds (60,000 when left out), `folder` is its working folder. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly timeout?: number;
  readonly folder?: string;
}

/** Wraps a command, for example so that it enters a namespace; `forks` when the real program is a child. */
export interface Entry {
  readonly argv: readonly string[];
  readonly forks: boolean;
}

/** Debian's folders come first: a newer docker elsewhere on PATH does not fit Debian's dockerd and buildx. */
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin';

/** A running program with its three streams. */
export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Starts a program with a clean environment and a process group of its own. */
export function launch(entry: Entry, argv: readonly string[], home: string, options: RunOptions): Child {
  // A clean environment: SSL_CERT_FILE, DOCKER_HOST or a proxy of the machine would decide the test.
  const env = { PATH, HOME: home, LANG: 'C.UTF-8', TMPDIR: home, ...options.env };
  const pairs = Object.entries(env).map(([key, value]) => `${key}=${value}`);
  const command = [...entry.argv, 'env', '-i', '-C', options.folder ?? '/', ...pairs, ...argv];
  // Its own process group, so that a timeout also ends what the program started.
  return spawn(command[0] ?? 'env', command.slice(1), {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? PATH },
  });
}

/** Kills a program and what it started, unless that has left its process group. */
export function killGroup(child: Child): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

/** Waits until the program has ended and its output is read. */
export async function outcome(
  child: Child,
  argv: readonly string[],
  out: () => string,
  err: () => string,
): Promise<Outcome> {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { command: argv.join(' '), code, signal, stdout: out(), stderr: err() };
}

/** Keeps what a stream says; the result gives what has come so far. */
export function collect(stream: Readable, also?: (text: string) => void): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    also?.(chunk);
  });
  return () => text;
}

/** Runs one program to its end; past `timeout` its whole process group is killed and stderr says so. */
export async function runProgram(
  entry: Entry,
  argv: readonly string[],
  home: string,
  options: RunOptions = {},
): Promise<Outcome> {
  const child = launch(entry, argv, home, options);
  const [out, err] = [collect(child.stdout), collect(child.stderr)];
  child.stdin.on('error', () => undefined); // A program may end without reading its input.
  child.stdin.end(options.stdin ?? '');
  const limit = options.timeout ?? 60_000;
  const timeout = AbortSignal.timeout(limit);
  const kill = (): void => {
    killGroup(child);
  };
  timeout.addEventListener('abort', kill);
  const result = await outcome(child, argv, out, err);
  timeout.removeEventListener('abort', kill); // The number of the group may by then be another's.
  return timeout.aborted ? { ...result, stderr: `${result.stderr}\n[killed after ${limit} ms]` } : result;
}

/** Hands the outcome back when the program ended with 0; throws with all it printed otherwise. */
export function succeeded(result: Outcome): Outcome {
  if (result.code === 0) return result;
  const how = result.code === null ? `signal ${String(result.signal)}` : `code ${result.code}`;
  throw new Error(`${result.command}\nended with ${how}\n${result.stdout}${result.stderr}`);
}
