import { answerDue } from './deadline.ts';
import { Endpoint, type Lane } from './endpoint.ts';
import type { UpstreamFailure } from './failure.ts';
import { isOutage, together } from './outage.ts';
import type { UpstreamSettings } from './settings.ts';

/** All addresses of one upstream, in the order in which they are asked. */
export class Endpoints {
  readonly all: readonly Endpoint[];
  readonly #settings: UpstreamSettings;

  /** Throws when there is no address. */
  constructor(settings: UpstreamSettings) {
    if (settings.urls.length === 0) throw new Error(`${settings.name} has no address`);
    this.#settings = settings;
    this.all = settings.urls.map((url) => new Endpoint(settings, url));
  }

  /**
   * Does work with the first address that answers, which must be done `until` then, by `performance.now()`: an address
   * that hangs leaves the next its share of the time that one answer may take. Throws what the work throws; when no
   * address answers, one UpstreamFailure of the first one's kind that mentions them all.
   */
  async use<T>(
    lane: Lane,
    signal: AbortSignal | undefined,
    work: (endpoint: Endpoint, until: number) => Promise<T>,
  ): Promise<T> {
    const failures: UpstreamFailure[] = [];
    const start = performance.now();
    const share = (answerDue(this.#settings) - start) / this.all.length;
    for (const [position, endpoint] of this.all.entries()) {
      const until = start + share * (position + 1);
      try {
        return await endpoint.use(lane, () => work(endpoint, until), signal);
      } catch (fault) {
        if (signal?.aborted || !isOutage(fault)) throw fault;
        failures.push(fault);
      }
    }
    throw together(failures as [UpstreamFailure, ...UpstreamFailure[]]);
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all(this.all.map((endpoint) => endpoint.close()));
  }
}
