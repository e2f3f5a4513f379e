import type { IncomingMessage, ServerResponse } from 'node:http';
import { RegistryError } from '../model/index.ts';

/** Tells a client that waits for it that its body is wanted. RFC 9110 10.1.1. */
export function wantBody(req: IncomingMessage, res: ServerResponse): void {
  // HTTP/1.0 has no such answer.
  if (!/^100-continue$/i.test(req.headers.expect ?? '') || req.httpVersion === '1.0') return;
  if (res.socket) res.writeContinue();
  // Behind other requests on its connection: said too early, Node would put it between our headers and our body.
  else
    res.once('socket', () => {
      if (!res.headersSent) res.writeContinue();
    });
}

/** The whole body, at most `limit` bytes; throws `manifestTooLarge`. */
export async function readBody(req: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = (): RegistryError =>
    new RegistryError('manifestTooLarge', { message: `manifest is larger than the limit of ${limit} bytes` });
  if ((contentLength(req) ?? 0) > limit) throw tooLarge();
  const pieces: Buffer[] = [];
  let size = 0;
  // Left to itself, an iterator that stops early ends the connection, and nobody reads why.
  for await (const piece of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += piece.byteLength;
    if (size > limit) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

/** The Content-Length; undefined for a body sent in chunks. */
export function contentLength(req: IncomingMessage): number | undefined {
  const text = req.headers['content-length'];
  if (text !== undefined) return Number(text);
  return req.headers['transfer-encoding'] === undefined ? 0 : undefined;
}
