import type { IncomingMessage, ServerResponse } from 'node:http';
import { BadRequest } from './bad-request.ts';

/** Bytes; thousands of images fit. */
const longest = 256 * 1024;

/** The JSON of a request's body, undefined for an empty one. Throws BadRequest. */
export async function readJson(req: IncomingMessage, res: ServerResponse): Promise<unknown> {
  // A page of another site can make a browser send its user's credentials along with a form, but not with this type.
  if (!/^application\/json\s*(?:;|$)/i.test(req.headers['content-type'] ?? ''))
    throw new BadRequest('send JSON, with the header "Content-Type: application/json"');
  if (/^100-continue$/i.test(req.headers.expect ?? '') && res.socket) res.writeContinue();
  const text = (await bytesOf(req)).toString('utf8');
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new BadRequest('the body is not JSON', { cause });
  }
}

async function bytesOf(req: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  // Left to itself, an iterator that stops early ends the connection, and nobody reads why.
  for await (const piece of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.byteLength;
    if (size > longest) throw new BadRequest(`the body is longer than ${longest} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}
