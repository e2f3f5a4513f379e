import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from './check.ts';
import { error, skipped, Trouble, type Remark } from './finding.ts';
import { Silence } from './silence.ts';
import type { Visit } from './visit.ts';

/** In ms. */
const usualLimit = 30_000;
/** In ms: for a check to put into words what it was waiting for. */
const lastWords = 1000;

const inLogs =
  'look for the last request of "dockgate-doctor" in the log of the registry: if it is there, the registry is slow (its disk, its database, an upstream), else the proxy or the firewall in front holds it back';

/** Runs one check until its limit, whatever it does; a fault of it becomes a remark. `most` in ms. */
export async function runCheck(check: Check, visit: Visit, most = Infinity): Promise<readonly Remark[]> {
  const usual = typeof check.limit === 'function' ? check.limit(visit) : (check.limit ?? usualLimit);
  const limit = Math.min(usual, most);
  const timeout = AbortSignal.timeout(limit);
  const signal = AbortSignal.any([visit.signal, timeout]);
  try {
    return await endingWith(signal, check.run({ ...visit, signal }));
  } catch (fault) {
    if (visit.signal.aborted) return [skipped('it was ended early')];
    if (fault instanceof Trouble) return [error(fault.message, fault.advice)];
    const what = timeout.aborted
      ? `${fault instanceof Silence ? fault.message : 'there was no answer'} within ${limit / 1000} s`
      : `the connection failed: ${fault instanceof Error ? fault.message : String(fault)}`;
    return [error(what, inLogs)];
  }
}

/** Not every wait heeds a signal: the system's resolver asks its servers as long as it likes. */
async function endingWith<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const finished = new AbortController();
  const ended = (async (): Promise<never> => {
    await new Promise<void>((resolve) => {
      AbortSignal.any([signal, finished.signal]).addEventListener('abort', () => {
        resolve();
      });
    });
    await sleep(lastWords, undefined, { signal: finished.signal });
    throw signal.reason;
  })();
  ended.catch(() => undefined);
  try {
    return await Promise.race([work, ended]);
  } finally {
    finished.abort();
  }
}
