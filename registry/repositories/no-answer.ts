import { RegistryError, type ErrorKind } from '../model/index.ts';
import type { FailureKind, UpstreamFailure } from '../upstream/index.ts';

/** What clients are told to wait before they ask again, in seconds, when the upstream did not say. */
const pause = 30;

const kinds: Readonly<Record<FailureKind, ErrorKind>> = {
  unreachable: 'unavailable',
  timeout: 'unavailable',
  'server-error': 'unavailable',
  tls: 'badGateway',
  'bad-answer': 'badGateway',
  unauthorized: 'badGateway',
  denied: 'badGateway',
  hidden: 'nameUnknown',
  'rate-limited': 'tooManyRequests',
};

/** What a client is told when nobody had the content and these upstreams could not be asked (trap T13). */
export function noAnswer(failures: readonly [UpstreamFailure, ...UpstreamFailure[]]): RegistryError {
  const [first] = failures;
  const waits = failures.map((each) => each.retryAfter).filter((each) => each !== undefined);
  const same = failures.every((each) => kinds[each.kind] === kinds[first.kind]);
  return new RegistryError(same ? kinds[first.kind] : 'unavailable', {
    message: failures.map((each) => each.message).join('; '),
    retryAfter: waits.length > 0 ? Math.min(...waits) : pause,
    detail: failures.map((each) => ({ member: each.upstream, reason: each.kind })),
    cause: first,
  });
}
