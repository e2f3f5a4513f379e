import type { Remark } from './finding.ts';
import type { Visit } from './visit.ts';

/** One thing to look at. */
export interface Check {
  /** Short, in lower case; other checks name it in `needs`. */
  readonly name: string;
  /** Checks without which this one makes no sense: it is skipped when one of them has an error or was skipped. */
  readonly needs: readonly string[];
  /** In ms; undefined: the usual limit. */
  readonly limit?: number | ((visit: Visit) => number);
  /** Looks; at least one remark. May throw Trouble, and whatever a connection throws. */
  readonly run: (visit: Visit) => Promise<readonly Remark[]>;
}
