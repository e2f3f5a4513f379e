import type { Remark } from './finding.ts';
import type { Front } from './front.ts';

/** One kind of mistake. */
export interface Rule {
  /** Short, in lower case. */
  readonly id: string;
  /** Looks at one server block; says nothing when all is well. */
  readonly check: (front: Front) => readonly Remark[];
}
