interface Entry<Value> {
  readonly value: Value;
  readonly until: number;
}

/** Values remembered until a time in ms since 1970, at most `limit` of them: when full, the oldest makes room. */
export class ShortMemory<Value> {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry<Value>>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The value under `key` if its time is not over at `now`. */
  recall(key: string, now: number): Value | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.until > now) return entry.value;
    this.#entries.delete(key);
    return undefined;
  }

  remember(key: string, value: Value, until: number): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#limit) {
      const oldest = this.#entries.keys().next();
      if (oldest.done !== true) this.#entries.delete(oldest.value);
    }
    this.#entries.set(key, { value, until });
  }
}
