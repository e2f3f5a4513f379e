import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  collect,
  killGroup,
  launch,
  outcome,
  type Child,
  type Entry,
  type Outcome,
  type RunOptions,
} from './process.ts';

/** A server that a test started. */
export interface Server {
  /** Everything it has written so far, stdout and stderr as they came. */
  output(): string;
  /** What it has written on stdout alone. */
  stdout(): string;
  /** The first match in its output; throws with that output when it ends before or `timeout` ms pass. */
  waitFor(pattern: RegExp, timeout?: number): Promise<RegExpExecArray>;
  /** Its process id as this process sees it, for reading /proc. */
  pid(): Promise<number>;
  /** Sends one signal to the server alone and does not wait. */
  signal(name: NodeJS.Signals): Promise<void>;
  /** Ends it: SIGTERM, then after `grace` ms SIGKILL to its whole process group; resolves when it is gone. */
  stop(grace?: number): Promise<void>;
  readonly ended: Promise<Outcome>;
}

/** nsenter forks to enter a pid namespace: the program is its only child. */
async function onlyChild(parent: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const child = readFileSync(`/proc/${parent}/task/${parent}/children`, 'utf8').trim();
    if (child !== '') return Number(child.split(' ')[0]);
    await sleep(10);
  }
  throw new Error(`process ${parent} has no child: the program in the namespace did not start`);
}

class RunningServer implements Server {
  readonly ended: Promise<Outcome>;
  readonly stdout: () => string;
  readonly #argv: readonly string[];
  readonly #child: Child;
  readonly #forks: boolean;
  #text = '';
  #gone = false;

  constructor(entry: Entry, argv: readonly string[], home: string, options: RunOptions) {
    const child = launch(entry, argv, home, options);
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
    this.#argv = argv;
    this.#child = child;
    this.#forks = entry.forks;
    const note = (chunk: string): void => void (this.#text += chunk);
    this.stdout = collect(child.stdout, note);
    this.ended = outcome(child, argv, this.stdout, collect(child.stderr, note));
    void this.ended.then(() => (this.#gone = true));
  }

  output(): string {
    return this.#text;
  }

  async pid(): Promise<number> {
    const own = this.#child.pid;
    if (own === undefined) throw new Error(`could not start ${this.#argv.join(' ')}`);
    return this.#forks ? await onlyChild(own) : own;
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    if (!this.#gone) process.kill(await this.pid(), name);
  }

  async waitFor(pattern: RegExp, timeout = 30_000): Promise<RegExpExecArray> {
    const last = Date.now() + timeout;
    while (Date.now() < last) {
      const match = pattern.exec(this.#text);
      if (match !== null) return match;
      if (this.#gone) break;
      await sleep(20);
    }
    throw new Error(`${this.#argv.join(' ')} did not print ${String(pattern)}; it printed:\n${this.#text}`);
  }

  async stop(grace = 10_000): Promise<void> {
    await this.signal('SIGTERM').catch(() => undefined); // It may have ended by itself in between.
    const timer = setTimeout(() => {
      killGroup(this.#child);
    }, grace);
    await this.ended;
    clearTimeout(timer);
  }
}

/** Starts a server; the caller must `stop` it. */
export function startServer(
  entry: Entry,
  argv: readonly string[],
  home: string,
  options: RunOptions = {},
): Server {
  return new RunningServer(entry, argv, home, options);
}
