import { Breaker } from '../../registry/index.ts';

/** How many failures in a row set an address aside. */
const tolerance = 3;

/** How an address has done since the start. */
export interface HealthReport {
  /** True while it is asked after all others only. */
  readonly isSetAside: boolean;
  /** Answers by their status, and `none` for what got no answer. */
  readonly outcomes: ReadonlyMap<string, number>;
}

/** Told when an address is set aside, and when it answers again. */
export type OnHealth = (change: { readonly isSetAside: boolean; readonly reason: string }) => void;

/**
 * How one address of a registry does, by what it answers and nothing else: nobody asks it only to see. While it is set
 * aside for a growing pause the others are asked first; it is never out of the question, for they may fail too.
 */
export class Health {
  readonly #outcomes = new Map<string, number>();
  readonly #breaker: Breaker<string>;
  readonly #onHealth: OnHealth;
  #isSetAside = false;

  constructor(onHealth: OnHealth) {
    this.#onHealth = onHealth;
    this.#breaker = new Breaker({
      now: () => performance.now(),
      tolerance,
      onPause: ({ fault }) => {
        this.#isSetAside = true;
        this.#onHealth({ isSetAside: true, reason: fault });
      },
    });
  }

  /** Whether it is to be asked before those that are set aside. */
  get isWell(): boolean {
    const { pause } = this.#breaker;
    // When its time is over the next request tries it; should that fail, a longer pause follows.
    if (pause && pause.until <= performance.now()) this.#breaker.resume(pause);
    return this.#breaker.pause === undefined;
  }

  /** Notes a status, or why there was none. */
  note(outcome: number | Error): void {
    const key = typeof outcome === 'number' ? String(outcome) : 'none';
    this.#outcomes.set(key, (this.#outcomes.get(key) ?? 0) + 1);
    const attempt = this.#breaker.begin();
    if (typeof outcome !== 'number') attempt.failed(outcome.message);
    else if (outcome === 502 || outcome === 503 || outcome === 504) attempt.failed(`HTTP ${outcome}`);
    else {
      attempt.succeeded();
      if (this.#isSetAside) this.#onHealth({ isSetAside: false, reason: `HTTP ${outcome}` });
      this.#isSetAside = false;
    }
  }

  report(): HealthReport {
    return { isSetAside: this.#breaker.pause !== undefined, outcomes: this.#outcomes };
  }
}
