import type { Readable } from 'node:stream';
import { withoutParameters, type Digest } from '../model/index.ts';
import type { Answer } from './answer.ts';
import { UpstreamFailure } from './failure.ts';
import { saidDigest, wrongDigest } from './manifests.ts';

/** What an upstream says of a blob without sending it; `size` in bytes. */
export interface UpstreamBlobHead {
  readonly size: number | undefined;
}

/** A blob on its way. */
export interface UpstreamBlob {
  /** The position of the body's first byte: as asked for, or 0 when the upstream sends all of it nevertheless. */
  readonly from: number;
  /** Of the whole blob, in bytes. */
  readonly size: number | undefined;
  /** As on the wire, not verified. It breaks off with an UpstreamFailure; destroying it closes the connection. */
  readonly body: Readable;
}

/** What a request for a blob from byte `from` carries. RFC 9110 14.2. */
export function blobHeaders(from: number): Record<string, string> {
  return from > 0 ? { range: `bytes=${from}-` } : {};
}

/** Reads an answer of 200 to HEAD; throws UpstreamFailure when it cannot be about this blob. */
export function readBlobHead(upstream: string, answer: Answer, digest: Digest): UpstreamBlobHead {
  check(upstream, answer, digest);
  answer.drop();
  return { size: answer.length };
}

/** Reads an answer of 200 or 206 to GET from byte `from`; throws UpstreamFailure when it cannot be this blob's. */
export function readBlob(upstream: string, answer: Answer, digest: Digest, from: number): UpstreamBlob {
  check(upstream, answer, digest);
  if (answer.status === 200) return { from: 0, size: answer.length, body: answer.stream() };
  const match = /^bytes (\d{1,15})-\d{1,15}\/(?:(\d{1,15})|\*)$/.exec(answer.header('content-range') ?? '');
  if (!match || Number(match[1]) !== from) {
    answer.drop();
    const message = `${answer.url.host} sent another part of a blob than was asked for: it does not resume downloads as it should`;
    throw new UpstreamFailure(upstream, 'bad-answer', message, { status: answer.status });
  }
  return { from, size: match[2] === undefined ? undefined : Number(match[2]), body: answer.stream() };
}

/** The bytes are verified by whoever takes them; this finds what is wrong before a client has seen a status. */
function check(upstream: string, answer: Answer, digest: Digest): void {
  if ((saidDigest(answer) ?? digest) !== digest) {
    answer.drop();
    throw wrongDigest(upstream, answer);
  }
  if (withoutParameters(answer.header('content-type') ?? '') !== 'text/html') return;
  answer.drop();
  const message = `${answer.url.host} sent a web page where a blob was asked for: check that no login page answers in its place`;
  throw new UpstreamFailure(upstream, 'bad-answer', message, { status: answer.status });
}
