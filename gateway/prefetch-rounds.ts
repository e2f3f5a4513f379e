import { randomUUID } from 'node:crypto';
import type { PrefetchEvent } from '../registry/index.ts';
import type { Log } from './log.ts';

/** Work that only one gateway of a data folder does at a time; `until` in ms since 1970. */
export interface Claims {
  claim(key: string, by: string, until: number): Promise<boolean>;
  release(key: string, by: string): Promise<void>;
}

/** What rounds are made of. */
export interface PrefetchRoundsParts {
  /** Fetches everything once; must end soon when the signal fires. */
  readonly fetch: (signal: AbortSignal) => AsyncIterable<PrefetchEvent>;
  /** Milliseconds from the end of one round to the next. */
  readonly interval: number;
  readonly claims: Claims;
  readonly log: Log;
}

/** Rounds that go on until they are stopped. */
export interface PrefetchRounds {
  /** Ends the round under way, and lets another gateway take over. */
  stop(): Promise<void>;
}

const key = 'prefetch';
/** How soon after the start the first round may begin, in ms: the first requests of clients come before it. */
const soon = 1_000;
/** How often the one that does it says that it is there, in ms, and the others see whether it still is. */
const pulse = 20_000;
const lease = 3 * pulse;

/** Fetches the same images again and again, in one gateway of those on a data folder, never twice at one time. */
export function startPrefetchRounds(parts: PrefetchRoundsParts): PrefetchRounds {
  const { interval, claims, log } = parts;
  const ending = new AbortController();
  const by = randomUUID();
  let due = 0;
  let round: Promise<void> | undefined;
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    const ours = await claims.claim(key, by, Date.now() + lease);
    if (!ours || round || Date.now() < due || ending.signal.aborted) return;
    round = runRound(parts, ending.signal).finally(() => {
      round = undefined;
      due = Date.now() + interval;
    });
  };
  const tick = (): void => {
    looking ??= look()
      .catch((fault: unknown) => {
        log.warn('prefetch cannot be claimed', { fault: describe(fault) });
      })
      .finally(() => {
        looking = undefined;
      });
  };
  const first = setTimeout(tick, soon);
  const further = setInterval(tick, Math.min(pulse, interval));
  return {
    async stop() {
      clearTimeout(first);
      clearInterval(further);
      ending.abort(new Error('the gateway stops'));
      await looking;
      await round;
      // If it cannot be given back it runs out.
      await claims.release(key, by).catch(() => undefined);
    },
  };
}

async function runRound({ fetch, log }: PrefetchRoundsParts, signal: AbortSignal): Promise<void> {
  try {
    for await (const { image, ...event } of fetch(signal)) {
      if (event.kind === 'done')
        log.info('prefetched', { image, blobs: event.blobs, bytes: event.bytes, held: event.held });
      else if (event.kind === 'failed' && !signal.aborted)
        log.warn('prefetch failed', { image, reason: event.reason });
    }
  } catch (fault) {
    log.warn('prefetch failed', { reason: describe(fault) });
  }
}

function describe(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
