/** Takes something back; its signal says when it has to give up. Throws when it could not. */
type Undo = (signal: AbortSignal) => Promise<void>;

/** How long each thing may take to be taken back, in ms. */
const patience = 10_000;

/** What an examination leaves in the registry unless it is taken back. */
export class Cleanup {
  readonly #undos = new Map<string, Undo>();

  /** Notes how to take back `what`; replaces what was noted for it before. */
  add(what: string, undo: Undo): void {
    this.#undos.set(what, undo);
  }

  /** It is gone already, or never came to be. */
  drop(what: string): void {
    this.#undos.delete(what);
  }

  /** Takes everything back, the latest first; gives what is still there, each with the reason. */
  async run(): Promise<readonly string[]> {
    const left: string[] = [];
    for (const [what, undo] of [...this.#undos].reverse()) {
      try {
        await undo(AbortSignal.timeout(patience));
      } catch (fault) {
        left.push(`${what} (${fault instanceof Error ? fault.message : String(fault)})`);
      }
    }
    this.#undos.clear();
    return left;
  }
}
