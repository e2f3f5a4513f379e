/**
 * Tells the reader of a database when it may have changed, shared with its writers in this process. Other processes
 * write too, so the file itself must be looked at; once for each turn of the event loop is enough, since every request
 * that is handled in a turn had arrived before it began.
 */
export class Changes {
  #looked = false;

  /** To be called by a writer after each statement. */
  note(): void {
    this.#looked = false;
  }

  /** True when the file must be looked at; until something is written, or the turn ends, the answer is then false. */
  mustLook(): boolean {
    if (this.#looked) return false;
    this.#looked = true;
    setImmediate(() => {
      this.#looked = false;
    });
    return true;
  }
}
