/** Lets several callers who want the same thing at the same time share one piece of work. */
export class Flights<T> {
  readonly #running = new Map<string, Promise<T>>();

  /** The outcome of `work`, or of the run under `key` that is already on its way. */
  share(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key);
    if (running) return running;
    const started = work().finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}
