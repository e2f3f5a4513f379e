import { evict, type EvictionParts, type LimitedCache } from './evict.ts';

/** When it runs, in ms. */
export interface EvictionTimes {
  /** After the start: what was left undone before, when starting has become calm. */
  readonly first: number;
  readonly interval: number;
  /** The least between two runs that were nudged, and before the first: to see how large a cache is costs time. */
  readonly pause: number;
}

const usualTimes: EvictionTimes = { first: 10_000, interval: 300_000, pause: 5000 };

/** Evicts now and then until it is stopped. */
export interface EvictionUpkeep {
  /** Says that a repository has got more bytes: whether it is too large now is seen to soon. Never throws. */
  nudge(repository: string): void;
  /** Fulfils when no run is under way any more, and none will be. */
  stop(): Promise<void>;
}

/** Starts keeping caches within their limits; caches without limits are left alone. */
export function startEviction(
  parts: EvictionParts,
  caches: readonly LimitedCache[],
  times: EvictionTimes = usualTimes,
): EvictionUpkeep {
  const limited = caches.filter(({ maxSize, maxUnused }) => maxSize !== undefined || maxUnused !== undefined);
  if (limited.length === 0) return { nudge: () => undefined, stop: () => Promise.resolve() };
  return new RunningEviction(parts, limited, times);
}

class RunningEviction implements EvictionUpkeep {
  readonly #parts: EvictionParts;
  readonly #caches: readonly LimitedCache[];
  readonly #times: EvictionTimes;
  readonly #ending = new AbortController();
  readonly #nudged = new Set<string>();
  readonly #first: NodeJS.Timeout;
  readonly #interval: NodeJS.Timeout;
  #soon: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(parts: EvictionParts, caches: readonly LimitedCache[], times: EvictionTimes) {
    this.#parts = parts;
    this.#caches = caches;
    this.#times = times;
    const runAll = (): void => {
      this.#run(caches);
    };
    this.#first = setTimeout(runAll, times.first).unref();
    this.#interval = setInterval(runAll, times.interval).unref();
  }

  nudge(repository: string): void {
    if (this.#ending.signal.aborted || !this.#caches.some((each) => each.repository === repository)) return;
    this.#nudged.add(repository);
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      const caches = this.#caches.filter((each) => this.#nudged.has(each.repository));
      this.#nudged.clear();
      this.#run(caches);
    }, this.#times.pause).unref();
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#first);
    clearInterval(this.#interval);
    clearTimeout(this.#soon);
    await this.#running;
  }

  /** One run at a time, here and in other processes; who finds another one at it comes again. */
  #run(caches: readonly LimitedCache[]): void {
    if (this.#running) {
      this.#nudgeAll(caches);
      return;
    }
    this.#running = evict(this.#parts, caches, this.#ending.signal)
      .then((done) => {
        if (!done) this.#nudgeAll(caches);
      })
      .catch(this.#parts.onFault)
      .finally(() => {
        this.#running = undefined;
      });
  }

  #nudgeAll(caches: readonly LimitedCache[]): void {
    for (const { repository } of caches) this.nudge(repository);
  }
}
