import type { Directive, Parsed, Position } from '../parse.ts';
import type { Server } from '../reading/index.ts';
import type { Decisions, Judgement } from './decisions.ts';
import type { Effects } from './effects.ts';
import type { Fate } from './fates.ts';

/** What judges look at. */
export interface Case {
  readonly parsed: Parsed;
  /** By the positions of their blocks. */
  readonly servers: ReadonlyMap<Position, Server>;
  readonly fates: ReadonlyMap<Server, Fate>;
  /** The `if` blocks that nobody can decide beforehand, and why. */
  readonly dropped: ReadonlyMap<Directive, string>;
  readonly effects: Effects;
  readonly decisions: Decisions;
  /** Names a line, `nginx.conf:12`. */
  readonly nameLine: (at: Position) => string;
}

/** Where a directive stands. */
export interface Place {
  readonly server?: Server;
  readonly parent?: Directive;
  /** What holds for the routing within a location that the result does not have. */
  readonly location?: Judgement;
  /** What holds for everything within a block. */
  readonly whole?: Judgement;
}
