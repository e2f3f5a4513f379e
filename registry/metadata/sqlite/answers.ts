/** Answers of more bytes or more rows than this are not worth their memory. */
const largestBytes = 16 * 1024;
const mostRows = 100;
const mostAnswers = 1000;

/** What the queries of one statement answered, by their parameters; good until the database changes. */
export class Answers {
  readonly #rows = new Map<string, readonly object[]>();

  recall(parameters: readonly unknown[]): readonly object[] | undefined {
    return this.#rows.get(keyOf(parameters));
  }

  remember(parameters: readonly unknown[], rows: readonly object[]): void {
    if (rows.length > mostRows || rows.some(isLarge)) return;
    if (this.#rows.size >= mostAnswers) this.#rows.clear();
    this.#rows.set(keyOf(parameters), rows);
  }

  forget(): void {
    this.#rows.clear();
  }
}

function keyOf(parameters: readonly unknown[]): string {
  return JSON.stringify(parameters);
}

function isLarge(row: object): boolean {
  return Object.values(row).some((value) => value instanceof Uint8Array && value.byteLength > largestBytes);
}
