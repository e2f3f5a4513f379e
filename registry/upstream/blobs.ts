import type { Readable } from 'node:stream';
import { withoutParameters, type Digest } from '../model/index.ts';
import type { Answer } from './answer.ts';
import { UpstreamFailure } from './failure.ts';
import { saidDigest, wrongDigest } from './manifests.ts';

/** What an upstream says of a blob without sending it; `size` in bytes. */
export interface UpstreamBlobHead {
  readonly size: number | undefined;
}

/** What whoever asks for a blob knows of it beforehand; both in bytes, of the whole blob. */
export interface BlobExpectation {
  /** As the manifest says. */
  readonly size?: number | undefined;
  /** Of a longer blob nothing is taken. */
  readonly most?: number | undefined;
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

/**
 * Reads an answer of 200 or 206 to GET from byte `from`; throws UpstreamFailure when it cannot be the blob that is
 * expected. Its body has as many bytes as are announced or expected and never more, or breaks off.
 */
export function readBlob(
  upstream: string,
  answer: Answer,
  digest: Digest,
  from: number,
  expected: BlobExpectation = {},
): UpstreamBlob {
  check(upstream, answer, digest);
  const part = announcedPart(answer);
  if (!part || (answer.status === 206 && part.from !== from))
    throw refuse(
      upstream,
      answer,
      'sent another part of a blob than was asked for: it does not resume as it should',
    );
  const size = part.size ?? expected.size;
  if (size !== (expected.size ?? size))
    throw refuse(upstream, answer, `has ${size} bytes of a blob of ${expected.size}: its copy is damaged`);
  if (size !== undefined && size > (expected.most ?? size))
    throw refuse(
      upstream,
      answer,
      `has a blob of ${size} bytes, which is more than the ${expected.most} that are taken`,
    );
  const most = expected.most === undefined ? undefined : expected.most - part.from;
  return { from: part.from, size, body: answer.stream({ exactly: part.length ?? size, most }) };
}

/** What an answer says that it holds: `length` bytes from byte `from` of `size`; a whole blob may come without either. */
interface Part {
  readonly from: number;
  readonly length: number | undefined;
  readonly size: number | undefined;
}

/** Undefined when the answer is a part and does not say soundly which. RFC 9110 14.4. */
function announcedPart(answer: Answer): Part | undefined {
  if (answer.status === 200) return { from: 0, length: answer.length, size: answer.length };
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(?:(\d{1,15})|\*)$/.exec(answer.header('content-range') ?? '');
  if (!match) return undefined;
  const [from, last] = [Number(match[1]), Number(match[2])];
  const size = match[3] === undefined ? undefined : Number(match[3]);
  return last < from || last >= (size ?? Infinity) ? undefined : { from, length: last - from + 1, size };
}

function refuse(upstream: string, answer: Answer, what: string): UpstreamFailure {
  answer.drop();
  return new UpstreamFailure(upstream, 'bad-answer', `${answer.url.host} ${what}`, { status: answer.status });
}

/** The bytes are verified by whoever takes them; this finds what is wrong before a client has seen a status. */
function check(upstream: string, answer: Answer, digest: Digest): void {
  if ((saidDigest(answer) ?? digest) !== digest) {
    answer.drop();
    throw wrongDigest(upstream, answer);
  }
  if (withoutParameters(answer.header('content-type') ?? '') !== 'text/html') return;
  throw refuse(
    upstream,
    answer,
    'sent a web page where a blob was asked for: check that no login page answers in its place',
  );
}
