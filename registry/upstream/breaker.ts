/** A time in which nothing is asked, and the fault that it is for. */
export interface Pause<Fault> {
  /** When it is to end, in ms of the breaker's clock; it lasts until somebody has looked whether it may. */
  readonly until: number;
  readonly fault: Fault;
}

/** One attempt. At most one of its methods is to be called, once; one that was given up calls neither. */
export interface Attempt<Fault> {
  /** It showed that the other side works. */
  succeeded(): void;
  /** It failed, and the other side asks to be left alone for so many ms. */
  failed(fault: Fault, wish?: number): void;
}

/** How a breaker is set up. */
export interface BreakerSettings<Fault> {
  /** A clock in ms that never goes back. */
  readonly now: () => number;
  /** How many failures in a row begin a pause; Infinity: none ever does. */
  readonly tolerance: number;
  /** Told of every pause as it begins. Whoever is told must see to `resume` or `prolong` when its time is over. */
  readonly onPause: (pause: Pause<Fault>) => void;
}

/** In ms. */
const shortestPause = 1000;
const longestPause = 60_000;
/** The most that the other side's own wish is heeded, in ms: a slip in it must not silence us for a day. */
const longestWish = 300_000;

/**
 * Says when something that keeps failing is to be left alone. After some failures in a row there is a pause; each pause
 * is twice as long as the one before, until an attempt succeeds. It knows nothing of what is attempted.
 */
export class Breaker<Fault> {
  readonly #settings: BreakerSettings<Fault>;
  #failures = 0;
  #pause: Pause<Fault> | undefined;
  /** Pauses since the last success. */
  #pauses = 0;
  /** Rises with the begin and the end of each pause. */
  #phase = 0;

  constructor(settings: BreakerSettings<Fault>) {
    this.#settings = settings;
  }

  /** The pause that is on, also when its time is over and nobody has looked yet. */
  get pause(): Pause<Fault> | undefined {
    return this.#pause;
  }

  /** Failures in a row, those that a pause has already been made for included. */
  get failures(): number {
    return this.#failures;
  }

  /** Begins an attempt. */
  begin(): Attempt<Fault> {
    const phase = this.#phase;
    return {
      succeeded: () => {
        this.#succeed();
      },
      failed: (fault, wish = 0) => {
        // Of a hundred that were under way together, three make a pause; the others say nothing about what comes after.
        if (phase === this.#phase) this.#fail(fault, wish);
      },
    };
  }

  /** The other side seems to work again. Only a success makes it certain: until then the next pause is longer. */
  resume(pause: Pause<Fault>): void {
    if (this.#pause !== pause) return;
    this.#end();
  }

  /** The other side still fails: another pause, twice as long. */
  prolong(pause: Pause<Fault>, fault: Fault, wish = 0): void {
    if (this.#pause === pause) this.#fail(fault, wish);
  }

  #succeed(): void {
    this.#pauses = 0;
    this.#failures = 0;
    if (this.#pause) this.#end();
  }

  #end(): void {
    this.#pause = undefined;
    this.#failures = 0;
    this.#phase += 1;
  }

  #fail(fault: Fault, wish: number): void {
    this.#failures += 1;
    if (this.#failures < this.#settings.tolerance) return;
    const own = Math.min(longestPause, shortestPause * 2 ** this.#pauses);
    const length = Math.max(own, Math.min(longestWish, wish));
    this.#pause = { until: this.#settings.now() + length, fault };
    this.#pauses += 1;
    this.#phase += 1;
    this.#settings.onPause(this.#pause);
  }
}
