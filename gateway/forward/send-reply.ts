import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';

/**
 * Writes an answer as it comes; one that is all here goes out in one piece with its head. Fulfils when the client has
 * been given all of it; throws when one side broke off, and then the other's connection is cut.
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
  // Larger pieces, or several at a time, were measured: they cost more in memory than they save in calls.
  await pipeline(reply, res);
}

/** In the form that Node writes fastest: names and values in turn. */
function flat(headers: ReadonlyMap<string, readonly string[]>): string[] {
  const fields: string[] = [];
  for (const [name, values] of headers) for (const value of values) fields.push(name, value);
  return fields;
}
