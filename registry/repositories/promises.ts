import type { Pins } from '../metadata/index.ts';
import type { Digest } from '../model/index.ts';

/** How long a pusher may take from its question to the manifest, in ms; renewed when half of it is over. */
const validity = 3_600_000;
const most = 10_000;

/**
 * Promises that a push can use a blob that a cache holds: until the push adopts it, eviction leaves it alone (trap T1).
 */
export class Promises {
  readonly #pins: Pins;
  /** Since when, in the order of giving; only spares work. */
  readonly #given = new Map<Digest, number>();

  constructor(pins: Pins) {
    this.#pins = pins;
  }

  /** Fulfils when every process will keep it. */
  async give(digest: Digest): Promise<void> {
    const now = Date.now();
    if (now - (this.#given.get(digest) ?? 0) < validity / 2) return;
    await this.#pins.pin([digest], now + validity);
    this.#given.delete(digest);
    this.#given.set(digest, now);
    const [oldest] = this.#given.keys();
    if (oldest !== undefined && this.#given.size > most) this.#given.delete(oldest);
  }
}
