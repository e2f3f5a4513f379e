import type { Digest } from '../model/index.ts';
import type { Place } from './place.ts';

/** One download of a digest by one process, which the others follow. Times in ms since 1970. */
export interface Download {
  readonly digest: Digest;
  /** Under which the bytes grow in the blob store; whoever takes a download on goes on with the same. */
  readonly id: string;
  /** Who downloads. */
  readonly by: string;
  /** Until when its holder need not be heard of; with an outcome, until when that is told. */
  readonly until: number;
  /** For whom it was begun: what the upstream is asked for. */
  readonly place: Place;
  /** In bytes, once the upstream has said it. */
  readonly size: number | undefined;
  /** Why it failed; undefined while it runs. */
  readonly outcome: string | undefined;
}

/** How somebody would download. */
export type Offer = Pick<Download, 'id' | 'by' | 'until' | 'place'>;

/**
 * Who downloads what, among all processes: for each digest one at a time. Need not survive a power cut.
 * What only the holder may do has no effect for anybody else.
 */
export interface Downloads {
  /**
   * Joins the one download of a digest, or takes it on when nobody does it, its holder has been silent for too long, or
   * it has failed; the caller has it when the answer's `by` is its own. What a silent holder leaves keeps its id, place
   * and size. Of many that join at once one has it.
   */
  join(digest: Digest, mine: Offer): Promise<Download>;
  /** The download of a digest, running or failed not long ago. */
  find(digest: Digest): Promise<Download | undefined>;
  /** Says that `by` is still at it; false when somebody else has it now, or nobody. */
  prolong(digest: Digest, by: string, until: number): Promise<boolean>;
  /** Says how many bytes it will be. */
  announce(digest: Digest, by: string, size: number): Promise<void>;
  /** It is done: link the blob before, so that who finds no download finds the blob. */
  end(digest: Digest, by: string): Promise<void>;
  /** It failed; followers can read why until a time, and the next to join begins anew. */
  fail(digest: Digest, by: string, outcome: string, until: number): Promise<void>;
}
