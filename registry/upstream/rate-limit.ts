import type { Answer } from './answer.ts';

/** How many pulls an upstream still allows, as it has said last. */
export interface RateLimit {
  /** Pulls in each window. */
  readonly limit: number;
  readonly remaining: number;
  /** In seconds; undefined when it was not said. */
  readonly window: number | undefined;
  /** Whom it counts us as: an address, or an account. */
  readonly source: string | undefined;
  /** When it was said, in ms since 1970. */
  readonly at: number;
}

/** What Docker Hub's headers say (`ratelimit-limit: 100;w=21600`); undefined when they are not there. */
export function readRateLimit(answer: Pick<Answer, 'header'>, at: number): RateLimit | undefined {
  const limit = readQuota(answer.header('ratelimit-limit'));
  const remaining = readQuota(answer.header('ratelimit-remaining'));
  if (!limit || !remaining) return undefined;
  const window = limit.window ?? remaining.window;
  const source = answer.header('docker-ratelimit-source')?.slice(0, 100);
  return { limit: limit.count, remaining: remaining.count, window, source, at };
}

function readQuota(header = ''): { count: number; window: number | undefined } | undefined {
  const match = /^\s*(\d{1,9})\s*(?:;\s*w=(\d{1,9})\s*)?(?:[;,]|$)/.exec(header);
  if (!match) return undefined;
  return { count: Number(match[1]), window: match[2] === undefined ? undefined : Number(match[2]) };
}
