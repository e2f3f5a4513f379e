/** Who is asked by us at this moment, and who waits for that. */
interface Line {
  running: number;
  readonly waiting: Set<() => void>;
}

/** Lets at most so many of each key go at a time; the others wait in the order of their coming. */
export class Turns {
  readonly #most: number;
  readonly #lines = new Map<string, Line>();

  constructor(most: number) {
    this.#most = most;
  }

  get running(): number {
    return this.#sum((line) => line.running);
  }

  get waiting(): number {
    return this.#sum((line) => line.waiting.size);
  }

  /**
   * Fulfils when it is one's turn, with what must be called at its end; calling that again does nothing.
   * Rejects with the signal's reason, and then leaves the line.
   */
  async take(key: string, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    const line = this.#lines.get(key) ?? { running: 0, waiting: new Set() };
    this.#lines.set(key, line);
    if (line.running < this.#most) line.running += 1;
    else await enter(line, signal);
    let isOver = false;
    return () => {
      if (!isOver) this.#leave(key, line);
      isOver = true;
    };
  }

  /** The place goes to the next in line without becoming free, so that nobody can come between. */
  #leave(key: string, line: Line): void {
    const next = line.waiting.keys().next();
    if (!next.done) {
      next.value();
      return;
    }
    line.running -= 1;
    if (line.running === 0) this.#lines.delete(key);
  }

  #sum(count: (line: Line) => number): number {
    return this.#lines.values().reduce((sum, line) => sum + count(line), 0);
  }
}

function enter(line: Line, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const go = (): void => {
      line.waiting.delete(go);
      signal.removeEventListener('abort', giveUp);
      resolve();
    };
    const giveUp = (): void => {
      line.waiting.delete(go);
      reject(signal.reason as Error);
    };
    line.waiting.add(go);
    signal.addEventListener('abort', giveUp, { once: true });
  });
}
