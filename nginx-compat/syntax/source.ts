import type { Position } from './position.ts';

/** The text of one file, and where in it an index is. */
export class Source {
  readonly text: string;
  readonly #file: string;
  readonly #lines: readonly number[];

  constructor(file: string, text: string) {
    this.text = text;
    this.#file = file;
    const lines = [0];
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', end + 1)) lines.push(end + 1);
    this.#lines = lines;
  }

  /** The position of the character at `index`. */
  at(index: number): Position {
    let [low, high] = [0, this.#lines.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lines[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return { file: this.#file, line: low + 1, column: index - (this.#lines[low] ?? 0) + 1 };
  }
}
