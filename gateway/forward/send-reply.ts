import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Writes an answer as it comes: one that is all here in one piece, with its head, and of a longer one as much at a time as
 * has come while the client took what was before. Small pieces would cost a system call and a TLS record each.
 * Fulfils when the client has been given all of it; throws when the backend broke off.
 */
export async function sendReply(
  reply: IncomingMessage,
  res: ServerResponse,
  status: number,
  headers: ReadonlyMap<string, readonly string[]>,
): Promise<void> {
  res.writeHead(status, flat(headers));
  if (reply.complete) {
    const body = reply.read() as Buffer | null;
    reply.resume();
    res.end(body ?? undefined);
    return;
  }
  if (reply.readableLength === 0) res.flushHeaders();
  for await (const piece of reply as AsyncIterable<Buffer>) {
    if (!(await write(res, piece))) return;
  }
  res.end();
}

/** Fulfils with true when the piece has left, with false when the client has gone. */
function write(res: ServerResponse, piece: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const gone = (): void => {
      resolve(false);
    };
    res.once('close', gone);
    res.write(piece, (fault) => {
      res.off('close', gone);
      resolve(!fault);
    });
  });
}

/** In the form that Node writes fastest: names and values in turn. */
function flat(headers: ReadonlyMap<string, readonly string[]>): string[] {
  const fields: string[] = [];
  for (const [name, values] of headers) for (const value of values) fields.push(name, value);
  return fields;
}
