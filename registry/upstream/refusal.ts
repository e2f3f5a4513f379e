import type { Answer } from './answer.ts';
import { UpstreamFailure, type FailureKind } from './failure.ts';

interface Refusal {
  readonly kind: FailureKind;
  readonly says: string;
}

const known: Readonly<Record<number, Refusal>> = {
  401: {
    kind: 'unauthorized',
    says:
      'refused the credentials, or asks for some: check the name of the image (Docker Hub answers so when it does ' +
      'not exist) and username and password of the repository',
  },
  403: { kind: 'denied', says: 'denied access: check what the configured user may pull' },
  407: { kind: 'unreachable', says: 'is behind a proxy that asks for credentials: configure them' },
  429: { kind: 'rate-limited', says: 'allows no more requests for now: wait, or configure an account' },
};

/**
 * What a 401 or 403 means from a registry that lets anonymous callers in and has let us in: Docker Hub, quay.io and
 * ghcr.io all answer so for a name that does not exist, to keep private names private.
 */
export function hidden(upstream: string, answer: Answer): UpstreamFailure {
  answer.drop();
  const message =
    `${answer.url.host} shows no such image to anonymous callers: if it exists, ` +
    `configure username and password of the repository (HTTP ${answer.status})`;
  return new UpstreamFailure(upstream, 'hidden', message, { status: answer.status });
}

/** The failure that a status other than 2xx and 404 means; drops the answer's body. */
export function refusal(upstream: string, answer: Answer): UpstreamFailure {
  answer.drop();
  const { status } = answer;
  const { kind, says } = known[status] ?? other(status);
  return new UpstreamFailure(upstream, kind, `${answer.url.host} ${says} (HTTP ${status})`, {
    status,
    retryAfter: parseRetryAfter(answer.header('retry-after'), Date.now()),
  });
}

function other(status: number): Refusal {
  return status >= 500
    ? { kind: 'server-error', says: 'failed: try again later' }
    : { kind: 'bad-answer', says: 'gave an answer that no registry gives: check its address' };
}

/** Seconds to wait, from a number of seconds or a date; `now` in ms since 1970. RFC 9110 10.2.3. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000));
}
