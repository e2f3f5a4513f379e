/**
 * Lets one holder through at a time, in order of arrival. SQLite has one writer; waiting here costs nothing, while
 * waiting inside SQLite would stop the whole process.
 */
export class Turn {
  #last: Promise<void> = Promise.resolve();

  /** Fulfils when it is the caller's turn, with the function that ends it, which must be called exactly once. */
  async take(): Promise<() => void> {
    const before = this.#last;
    let end = (): void => undefined;
    this.#last = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    return end;
  }
}
