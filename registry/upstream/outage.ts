import { UpstreamFailure, type FailureKind } from './failure.ts';

/** Kinds that say that an address does not do its work at all; the others are about one image or one answer. */
const outages: ReadonlySet<FailureKind> = new Set([
  'unreachable',
  'timeout',
  'tls',
  'server-error',
  'rate-limited',
]);

/** True when another address of the same upstream may do better. */
export function isOutage(fault: unknown): fault is UpstreamFailure {
  return fault instanceof UpstreamFailure && outages.has(fault.kind);
}

/** What a call fails with while an address is set aside for so many `seconds` more after `last`. */
export function setAside(host: string, seconds: number, last: UpstreamFailure): UpstreamFailure {
  const message = `${host} is set aside for ${seconds} s after: ${reasonOf(last)}`;
  const { upstream, kind, status } = last;
  return new UpstreamFailure(upstream, kind, message, { status, retryAfter: seconds, cause: last });
}

/** What a call fails with when no address answered: it is the first one's failure, and mentions the others. */
export function together(failures: readonly [UpstreamFailure, ...UpstreamFailure[]]): UpstreamFailure {
  const [first, ...others] = failures;
  if (others.length === 0) return first;
  const message = `${reasonOf(first)}; nor did another address answer: ${others.map(reasonOf).join('; ')}`;
  const waits = failures.map(({ retryAfter }) => retryAfter).filter((wait) => wait !== undefined);
  const { upstream, kind, status } = first;
  const retryAfter = waits.length === 0 ? undefined : Math.min(...waits);
  return new UpstreamFailure(upstream, kind, message, { status, retryAfter, cause: first });
}

/** The message without the repository, which stands before it once only. */
function reasonOf({ upstream, message }: UpstreamFailure): string {
  return message.slice(`${upstream}: `.length);
}
