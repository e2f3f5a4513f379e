import type { Place, Pull, Usage } from '../metadata/index.ts';
import type { Digest } from '../model/index.ts';

/** How long pulls are gathered before they are written, in ms. */
const gatherTime = 5000;
/** For how long a pull of the same content is no news, in ms: eviction counts in days. */
const newsTime = 60_000;
/** How many pulls are written in one transaction. */
const mostAtOnce = 500;

/** Notes what clients pull from caches: gathered in memory, so that a pull waits for no write. */
export class PullNotes {
  readonly #usage: Usage;
  readonly #onFault: (fault: unknown) => void;
  readonly #waiting = new Map<string, Pull>();
  /** When each pull was last taken up, oldest first; forgotten when it would be news again. */
  readonly #taken = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(usage: Usage, onFault: (fault: unknown) => void) {
    this.#usage = usage;
    this.#onFault = onFault;
  }

  /** Notes that a client got a blob or a manifest that is held at `place`. Never throws; a crash loses some seconds. */
  pulled(place: Place, digest: Digest): void {
    const key = `${place.repository} ${place.name} ${digest}`;
    const now = Date.now();
    const last = this.#taken.get(key);
    if (this.#closed || (last !== undefined && now - last < newsTime)) return;
    this.#taken.delete(key);
    this.#taken.set(key, now);
    this.#waiting.set(key, { place, digest });
    this.#timer ??= setTimeout(() => void this.#flush(), gatherTime).unref();
  }

  /** Writes what is left; what is pulled from now on is not noted. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#flush();
  }

  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const now = Date.now();
    const entries = [...this.#waiting];
    this.#waiting.clear();
    for (let at = 0; at < entries.length; at += mostAtOnce) {
      const batch = entries.slice(at, at + mostAtOnce);
      try {
        await this.#usage.pulled(
          batch.map(([, pull]) => pull),
          now,
        );
      } catch (fault) {
        // Lost are only times; the next pull of each is news again.
        for (const [key] of batch) this.#taken.delete(key);
        this.#onFault(fault);
      }
    }
    this.#forgetOld(now);
  }

  #forgetOld(now: number): void {
    for (const [key, at] of this.#taken) {
      if (now - at < newsTime) break;
      this.#taken.delete(key);
    }
  }
}
