import { UpstreamFailure } from './failure.ts';
import type { Answer } from './answer.ts';

/** Where a request goes, and what it carries. */
export interface Target {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** True once a redirect has led to another origin, which gets neither credentials nor our certificate. */
  readonly isForeign?: boolean;
}

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Where an answer sends us, or undefined when it is not a redirect (RFC 9110 15.4; GET and HEAD keep their method).
 * Authorization does not go to another origin, everything else does. From https to http is never followed: the URL
 * of a CDN grants access to whoever reads it, and the manifest of a tag has no digest that would tell a forgery.
 */
export function redirectTarget(upstream: string, answer: Answer, from: Target): Target | undefined {
  const location = answer.header('location');
  if (!redirects.has(answer.status) || location === undefined) return undefined;
  const url = URL.parse(location, from.url.href);
  const refuse = (what: string): UpstreamFailure => {
    answer.drop();
    const message = `${from.url.host} redirects to ${what}`;
    return new UpstreamFailure(upstream, 'bad-answer', message, { status: answer.status });
  };
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:')
    throw refuse('something that is not an http address: check that it is a registry');
  if (from.url.protocol === 'https:' && url.protocol === 'http:')
    throw refuse(`${url.host} without TLS, which is not followed: make it redirect to https`);
  if (url.origin === from.url.origin)
    return { url, headers: from.headers, isForeign: from.isForeign ?? false };
  return { url, headers: withoutAuthorization(from.headers), isForeign: true };
}

function withoutAuthorization(headers: Target['headers']): Target['headers'] {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization'));
}
