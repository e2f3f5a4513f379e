import type { Digest } from '../model/index.ts';

/**
 * Digests that must stay although nobody holds them yet, or that somebody was promised. Pin first, then look or bring:
 * what is found after `pin` has fulfilled stays until the pin is over. Need not survive a power cut.
 */
export interface Pins {
  /** Keeps eviction from these until a time (ms since 1970); a longer pin stays. */
  pin(digests: readonly Digest[], until: number): Promise<void>;
}
