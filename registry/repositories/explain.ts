import type { Digest, Reference } from '../model/index.ts';
import type { FailureKind } from '../upstream/index.ts';

/** What one hosted or proxy repository answers for an image, and why. */
export interface MemberAnswer {
  readonly member: string;
  readonly type: 'hosted' | 'proxy';
  /** One sentence: which rule let it in or kept it out. */
  readonly rule: string;
  /** Whether it was asked at all, its cache included. */
  readonly asked: boolean;
  readonly answer: 'found' | 'not-found' | 'failed' | 'not-asked';
  /** Where the answer comes from: pushed here, kept from an upstream, or asked of it just now. */
  readonly source?: 'hosted' | 'cache' | 'upstream';
  readonly digest?: Digest;
  readonly mediaType?: string;
  /** Seconds since an upstream last confirmed it. */
  readonly age?: number;
  /** Why an old copy stands in for the upstream. */
  readonly stale?: string;
  /** Why there is no answer. */
  readonly reason?: string;
  /** What kind of failure that is. */
  readonly failure?: FailureKind;
  /** Seconds that the upstream asks us to wait. */
  readonly retryAfter?: number;
}

/**
 * The member whose answer a client gets: the first with one, and an old copy only when nobody has another. A digest is
 * the same everywhere, so that it comes from whoever has it here before an upstream is asked.
 */
export function winnerOf(answers: readonly MemberAnswer[], reference: Reference): string | undefined {
  const found = answers.filter((each) => each.answer === 'found');
  const near = 'digest' in reference ? found.filter((each) => each.source !== 'upstream') : [];
  return [...near, ...found.filter((each) => each.stale === undefined), ...found][0]?.member;
}
