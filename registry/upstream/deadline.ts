import type { ClientSettings } from './settings.ts';

/** Bounds a piece of work: its signal fires when the caller's does, or with `late()` when the time is up. */
export class Deadline {
  readonly #abort = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #pass = (): void => {
    this.#stop(this.#caller?.reason);
  };

  /** Begins at once; `end` must be called. */
  constructor(caller: AbortSignal | undefined, ms: number, late: () => Error) {
    this.#caller = caller;
    this.#timer = setTimeout(() => {
      this.#stop(late());
    }, ms);
    caller?.addEventListener('abort', this.#pass, { once: true });
    if (caller?.aborted) this.#pass();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** From here on the work may take for ever; the caller's signal still ends it. */
  lift(): void {
    clearTimeout(this.#timer);
  }

  /** The signal will not fire any more. */
  end(): void {
    this.lift();
    this.#caller?.removeEventListener('abort', this.#pass);
  }

  #stop(reason: unknown): void {
    this.end();
    this.#abort.abort(reason);
  }
}

/** How long the upstream may think, and a request may wait for its turn, in ms. */
export function thinkingTime({ headersTimeout = 20_000 }: Pick<ClientSettings, 'headersTimeout'>): number {
  return headersTimeout;
}

/**
 * When a short answer that is asked for now must be here, to its last byte and over all its pages, by
 * `performance.now()`: a quarter more than the upstream may think, which leaves time for a token and the body and by
 * default ends before our own clients give up.
 */
export function answerDue(settings: Pick<ClientSettings, 'headersTimeout'>): number {
  return performance.now() + thinkingTime(settings) * 1.25;
}
