import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { onCore } from './cores.ts';

/** A server that runs on one core and logs to a file. */
export interface Server {
  readonly pid: number;
  /** The first match in its log; throws with that log when it ends before, or after 30 seconds. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ends it: SIGTERM, after ten seconds SIGKILL. */
  stop(): Promise<void>;
}

/** How a server is started. */
export interface ServerSettings {
  readonly argv: readonly string[];
  readonly core: number;
  readonly logFile: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a server; the caller must stop it. */
export function startServer({ argv, core, logFile, env }: ServerSettings): Server {
  const log = openSync(logFile, 'a', 0o600);
  const [command, ...args] = onCore(core, argv);
  const child = spawn(command, args, {
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  closeSync(log);
  const ended = once(child, 'exit');
  if (child.pid === undefined) throw new Error(`cannot start ${command}: is it installed?`);
  return {
    pid: child.pid,
    async waitFor(pattern) {
      for (let attempt = 0; attempt < 600 && child.exitCode === null; attempt++) {
        const match = pattern.exec(readFileSync(logFile, 'utf8'));
        if (match) return match;
        await sleep(50);
      }
      throw new Error(
        `${argv.join(' ')} did not log ${String(pattern)} but:\n${readFileSync(logFile, 'utf8')}`,
      );
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
    },
  };
}
