/** How long a promise is not made again that could not be kept, in ms. */
const lasting = 600_000;
const most = 10_000;

/**
 * Blobs that could not be brought to where they were pushed, although they were said to be there: the next push is told
 * that they are not, and uploads them. It is kept in memory: another process learns it in the same way.
 */
export class Doubts {
  readonly #until = new Map<string, number>();

  note(name: string, digest: string): void {
    this.#until.delete(`${name}@${digest}`);
    this.#until.set(`${name}@${digest}`, performance.now() + lasting);
    const [oldest] = this.#until.keys();
    if (oldest !== undefined && this.#until.size > most) this.#until.delete(oldest);
  }

  has(name: string, digest: string): boolean {
    return (this.#until.get(`${name}@${digest}`) ?? 0) > performance.now();
  }
}
