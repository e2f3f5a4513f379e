/** How often a method came to an outcome: an HTTP status, a FailureKind, or `aborted` by whoever asked. */
export interface RequestCount {
  readonly method: string;
  readonly outcome: string;
  readonly count: number;
}

/** What was asked of an address and of whom it redirected us to, tokens and repeated requests too. */
export interface Counts {
  readonly requests: readonly RequestCount[];
  /** Of bodies that were taken, as they came. */
  readonly bytes: number;
  /** Requests under way, the bodies of their answers included. */
  readonly running: number;
  /** Requests that wait because too many are under way. */
  readonly waiting: number;
}

/** Counts requests at their end, and bytes as they come. */
export class Tally {
  readonly #requests = new Map<string, RequestCount>();
  #bytes = 0;

  get requests(): readonly RequestCount[] {
    return [...this.#requests.values()];
  }

  get bytes(): number {
    return this.#bytes;
  }

  request(method: string, outcome: string): void {
    const key = `${method} ${outcome}`;
    const count = (this.#requests.get(key)?.count ?? 0) + 1;
    this.#requests.set(key, { method, outcome, count });
  }

  received(bytes: number): void {
    this.#bytes += bytes;
  }
}
