import { setTimeout as delay } from 'node:timers/promises';

/** SQLITE_BUSY with all its kinds, in the low byte of the code. https://sqlite.org/rescode.html#busy */
const busy = 5;
/** How long another process may write, in ms, before waiting for it is a fault. */
const longest = 5000;

/**
 * Runs `work` again and again until no other process writes: waiting inside SQLite would stop this process. Throws what
 * `work` throws, after five seconds also that the database is busy.
 */
export async function whenFree<T>(work: () => T): Promise<T> {
  for (const end = Date.now() + longest; ;) {
    try {
      return work();
    } catch (fault) {
      if (!isBusy(fault) || Date.now() > end) throw fault;
    }
    // Of several that wait none should be the last each time.
    await delay(1 + 4 * Math.random());
  }
}

function isBusy(fault: unknown): boolean {
  return (
    fault instanceof Error &&
    'errcode' in fault &&
    typeof fault.errcode === 'number' &&
    (fault.errcode & 0xff) === busy
  );
}
