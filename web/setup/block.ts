/** One thing to do: what it is, and what to type or to write into a file. */
export interface Step {
  readonly say: string;
  readonly code?: string;
}

/** What to do on one kind of client. */
export interface Block {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly Step[];
}
