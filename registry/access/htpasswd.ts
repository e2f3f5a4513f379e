import { readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseHtpasswd } from './htpasswd-lines.ts';

/** Told of what is wrong with an htpasswd file, once for each state of the file. `line` counts from 1. */
export type ReportProblem = (
  message: string,
  where: { readonly file: string; readonly line?: number },
) => void;

/** The users of an htpasswd file. */
export interface Htpasswd {
  /** The bcrypt hash of a user, from the file as it is now. */
  find(user: string): Promise<string | undefined>;
}

/** `htpasswd` itself empties the file and writes it anew; what was written this short while ago (ms) may be half. */
const settleTime = 100;
const settleRounds = 20;

/** How long, in ms, a file may be gone before its users are: some editors remove it and write it anew. */
const goneTime = 1000;

/**
 * Reads users from `file` and again whenever it has changed, which every `find` looks for: a user added
 * a moment ago can log in. While the file is being written, or cannot be read, what it said before stays in force.
 * A file that is gone for more than a second has no users.
 */
export function createHtpasswd(file: string, report: ReportProblem, now: () => number = Date.now): Htpasswd {
  let hashes: ReadonlyMap<string, string> = new Map();
  /** Inode, size and times of what `hashes` was read from, or the fault that was last reported. */
  let state: string | undefined;
  let faultSince = 0;
  let refreshing: Promise<void> | undefined;

  async function refresh(): Promise<void> {
    try {
      const found = await settled(file, now);
      if (found === state) return;
      const content = parseHtpasswd(await readFile(file, 'utf8'));
      // Changed while it was read: the next look reads it again.
      if ((await stateOf(file)) !== found) return;
      state = found;
      hashes = content.hashes;
      for (const { line, message } of content.problems) report(message, { file, line });
    } catch (error) {
      fail(error as NodeJS.ErrnoException);
    }
  }

  function fail(error: NodeJS.ErrnoException): void {
    const fault = `fault: ${error.code ?? error.message}`;
    if (fault === state) {
      if (error.code === 'ENOENT' && now() - faultSince >= goneTime) hashes = new Map();
      return;
    }
    state = fault;
    faultSince = now();
    report(
      error.code === 'ENOENT'
        ? 'the htpasswd file is not there: its users cannot log in; make it with htpasswd -Bc'
        : `the htpasswd file cannot be read, so its users stay as they were: ${error.message}`,
      { file },
    );
  }

  return {
    find: async (user) => {
      refreshing ??= refresh().finally(() => {
        refreshing = undefined;
      });
      await refreshing;
      return hashes.get(user);
    },
  };
}

/** The state of a file once it was left alone for a moment; a file that never is, is taken as it is. */
async function settled(file: string, now: () => number): Promise<string> {
  for (let round = 0; round < settleRounds; round += 1) {
    const { mtimeMs } = await stat(file);
    const age = now() - mtimeMs;
    if (age < 0 || age >= settleTime) break;
    await sleep(settleTime - age);
  }
  return await stateOf(file);
}

async function stateOf(file: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join(':');
}
