import { UpstreamFailure } from '../upstream/index.ts';
import { Flights } from './flights.ts';
import { withPatience } from './patience.ts';

/** In characters of JSON; what was asked longest ago is forgotten first. */
const mostRemembered = 16 * 1024 * 1024;

/** A list as far as it is known; `failure`: why the upstream could not be asked just now. */
export interface KnownList<T> {
  readonly entries: readonly T[] | undefined;
  readonly failure?: UpstreamFailure;
}

/** `entries`: undefined for "there is none"; `confirmedAt` in ms since 1970; `weight` in characters. */
interface Remembered<T> {
  readonly entries: readonly T[] | undefined;
  readonly confirmedAt: number;
  readonly weight: number;
}

/** How lists are asked for; times in ms. */
export interface ListParts {
  /** The proxy, for messages. */
  readonly repository: string;
  readonly maxAge: number;
  /** How long a client is let wait. */
  readonly patience: number;
  readonly signal: AbortSignal;
  readonly onFault: (fault: unknown) => void;
}

/** Lists that an upstream makes (tags, referrers), asked once for everyone and remembered while this process lives. */
export class UpstreamLists<T> {
  readonly #parts: ListParts;
  readonly #flights = new Flights<KnownList<T>>();
  /** In the order of asking. */
  readonly #remembered = new Map<string, Remembered<T>>();
  #weight = 0;

  constructor(parts: ListParts) {
    this.#parts = parts;
  }

  /** The list of this key; never throws: without an answer it is the one that is remembered. */
  async get(
    key: string,
    ask: (signal: AbortSignal) => Promise<readonly T[] | undefined>,
  ): Promise<KnownList<T>> {
    const last = this.#remembered.get(key);
    if (last && Date.now() - last.confirmedAt < this.#parts.maxAge) return { entries: last.entries };
    return this.#flights.share(key, () => this.#ask(key, ask));
  }

  async #ask(
    key: string,
    ask: (signal: AbortSignal) => Promise<readonly T[] | undefined>,
  ): Promise<KnownList<T>> {
    const { repository, patience, signal, onFault } = this.#parts;
    const impatience = (): Error =>
      new UpstreamFailure(repository, 'timeout', 'the upstream did not answer in time: try again later');
    try {
      return await withPatience(patience, impatience, async (limit) =>
        this.#remember(key, await ask(AbortSignal.any([signal, limit]))),
      );
    } catch (fault) {
      const last = this.#remembered.get(key)?.entries;
      // To hide is how an upstream says "not here" to strangers, which need not be asked and logged again each time.
      if (fault instanceof UpstreamFailure && fault.kind === 'hidden') return this.#remember(key, last);
      onFault(fault);
      return { entries: last, ...(fault instanceof UpstreamFailure && { failure: fault }) };
    }
  }

  #remember(key: string, entries: readonly T[] | undefined): KnownList<T> {
    this.#forget(key);
    const weight = key.length + (entries === undefined ? 0 : JSON.stringify(entries).length);
    this.#remembered.set(key, { entries, confirmedAt: Date.now(), weight });
    this.#weight += weight;
    for (const oldest of this.#remembered.keys()) {
      if (this.#weight <= mostRemembered) break;
      this.#forget(oldest);
    }
    return { entries };
  }

  #forget(key: string): void {
    this.#weight -= this.#remembered.get(key)?.weight ?? 0;
    this.#remembered.delete(key);
  }
}
