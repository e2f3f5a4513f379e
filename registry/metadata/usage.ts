import type { Digest } from '../model/index.ts';
import type { Place } from './place.ts';

/** A blob or manifest that was pulled. */
export interface Pull {
  readonly place: Place;
  readonly digest: Digest;
}

/** What was pulled when, to a minute. Need not survive a power cut. */
export interface Usage {
  /**
   * Notes pulls at a time (ms since 1970); what is not held there is passed over. A manifest's pull counts for what it
   * references, for the blobs wherever the repository holds them: who has a layer does not pull it again.
   */
  pulled(pulls: readonly Pull[], at: number): Promise<void>;
}
