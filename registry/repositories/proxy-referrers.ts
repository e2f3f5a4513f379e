import type { Digest, Name, Referrer } from '../model/index.ts';
import { UpstreamFailure, type Upstream } from '../upstream/index.ts';
import { Flights } from './flights.ts';

/** In characters of JSON; what was asked longest ago is forgotten first. */
const mostRemembered = 16 * 1024 * 1024;
/** In ms, since some clients give up after 30 s and an image is pulled without its signatures too. */
const patience = 15_000;

/** An upstream's list; `confirmedAt` in ms since 1970, `weight` in characters. */
interface Remembered {
  readonly referrers: readonly Referrer[];
  readonly confirmedAt: number;
  readonly weight: number;
}

/** What a proxy's listing of referrers works with; `maxAge` in ms. */
interface ReferrerParts {
  readonly upstream: Upstream;
  readonly maxAge: number;
  readonly signal: AbortSignal;
  readonly onFault: (fault: unknown) => void;
}

/** What an upstream lists as referrers, asked once for everyone and remembered while this process lives. */
export class ProxyReferrers {
  readonly #parts: ReferrerParts;
  readonly #flights = new Flights<readonly Referrer[]>();
  /** By name and subject, in the order of asking. */
  readonly #remembered = new Map<string, Remembered>();
  #weight = 0;

  constructor(parts: ReferrerParts) {
    this.#parts = parts;
  }

  /** The upstream's list for its own `name`; never throws: without an answer it is the one that is remembered. */
  async list(name: Name, subject: Digest): Promise<readonly Referrer[]> {
    const key = `${name} ${subject}`;
    const last = this.#remembered.get(key);
    if (last && Date.now() - last.confirmedAt < this.#parts.maxAge) return last.referrers;
    return this.#flights.share(key, () => this.#ask(key, name, subject));
  }

  async #ask(key: string, name: Name, subject: Digest): Promise<readonly Referrer[]> {
    const { upstream, signal, onFault } = this.#parts;
    const until = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    try {
      return this.#remember(key, await upstream.listReferrers(name, subject, until));
    } catch (fault) {
      const last = this.#remembered.get(key)?.referrers;
      // To hide is how an upstream says "not here" to strangers, which need not be asked and logged again each time.
      if (fault instanceof UpstreamFailure && fault.kind === 'hidden') return this.#remember(key, last ?? []);
      onFault(fault);
      return last ?? [];
    }
  }

  #remember(key: string, referrers: readonly Referrer[]): readonly Referrer[] {
    this.#forget(key);
    const weight = key.length + JSON.stringify(referrers).length;
    this.#remembered.set(key, { referrers, confirmedAt: Date.now(), weight });
    this.#weight += weight;
    for (const oldest of this.#remembered.keys()) {
      if (this.#weight <= mostRemembered) break;
      this.#forget(oldest);
    }
    return referrers;
  }

  #forget(key: string): void {
    this.#weight -= this.#remembered.get(key)?.weight ?? 0;
    this.#remembered.delete(key);
  }
}
