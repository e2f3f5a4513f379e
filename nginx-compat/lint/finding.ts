import type { Position } from '../parse.ts';

/** `error`: clients fail; `warning`: some of them, at some time; `hint`: it works, and could be better. */
export type Severity = 'error' | 'warning' | 'hint';

/** What a rule says. */
export interface Remark {
  readonly severity: Severity;
  readonly at: Position;
  /** One sentence: what is written there and what breaks by it. */
  readonly what: string;
  /** The right form. */
  readonly advice: string;
}

/** A remark with the rule that made it. */
export interface Finding extends Remark {
  readonly rule: string;
}
