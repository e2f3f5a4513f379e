import type { IncomingMessage } from 'node:http';
import type { Digest } from '../model/index.ts';

/** The entity tag of content that its digest names. */
export function etagOf(digest: Digest): string {
  return `"${digest}"`;
}

/** True when the client says that it has this content already. RFC 9110 13.1.2. */
export function isNotModified(req: IncomingMessage, digest: Digest): boolean {
  const header = req.headers['if-none-match'];
  if (header === undefined) return false;
  const tags = header.split(',').map((each) => each.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etagOf(digest)) || tags.includes(digest);
}

/** The Range header, unless If-Range names other content. RFC 9110 13.1.5. */
export function rangeHeader(req: IncomingMessage, digest: Digest): string | undefined {
  const condition = req.headers['if-range'];
  return condition === undefined || condition === etagOf(digest) ? req.headers.range : undefined;
}
