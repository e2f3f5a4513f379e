import { RegistryError } from '../model/index.ts';
import { UpstreamFailure, type FailureKind } from '../upstream/index.ts';

/** Why a download ended without a blob, for other processes to read; undefined: there is no such blob. */
export function outcomeOf(fault: unknown): string {
  if (fault === undefined) return JSON.stringify({ absent: true });
  const failure = fault instanceof UpstreamFailure ? fault : undefined;
  return JSON.stringify({
    kind: failure?.kind ?? 'unreachable',
    message: isForClients(fault) ? fault.message : 'it could not be kept; the log of its process says why',
    retryAfter: failure?.retryAfter,
  });
}

/** A fault of ours may name what is nobody's business, such as paths. */
function isForClients(fault: unknown): fault is Error {
  return fault instanceof UpstreamFailure || fault instanceof RegistryError;
}

/** What `outcomeOf` wrote, as a failure of `repository`; undefined: there is no such blob. */
export function readOutcome(repository: string, outcome: string): UpstreamFailure | undefined {
  const { absent, kind, message, retryAfter } = JSON.parse(outcome) as {
    absent?: boolean;
    kind: FailureKind;
    message: string;
    retryAfter?: number;
  };
  if (absent) return undefined;
  // A failure names its repository by itself.
  const text = message.startsWith(`${repository}: `) ? message.slice(repository.length + 2) : message;
  return new UpstreamFailure(repository, kind, text, { retryAfter });
}
