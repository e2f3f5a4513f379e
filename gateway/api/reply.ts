import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RegistryError, respondError, type Facts } from '../../registry/index.ts';
import { BadRequest } from './bad-request.ts';
import type { Answer } from './route.ts';

/** Asks for a user and a password: the API has no scopes that a token could be fetched for. RFC 7617 section 2. */
const challenge = { 'WWW-Authenticate': 'Basic realm="Dockgate", charset="UTF-8"' };

/** Writes what a route answers. */
export async function reply(
  req: IncomingMessage,
  res: ServerResponse,
  answer: Answer,
  facts: Facts,
): Promise<void> {
  if ('events' in answer) {
    res.writeHead(200, head('application/x-ndjson', facts));
    await pipeline(Readable.from(lines(answer.events)), res);
    return;
  }
  const [type, text] =
    'json' in answer ? ['application/json', JSON.stringify(answer.json)] : [answer.type, answer.text];
  send(req, res, 200, type, text, facts);
}

/** Writes why there is no answer, in the JSON in which the registry refuses. */
export async function replyError(
  { req, res, facts }: { req: IncomingMessage; res: ServerResponse; facts: Facts },
  thrown: unknown,
): Promise<void> {
  if (thrown instanceof BadRequest && !res.headersSent && !res.destroyed) {
    facts.error = 'UNSUPPORTED';
    const errors = [{ code: 'UNSUPPORTED', message: thrown.message }];
    send(req, res, 400, 'application/json', JSON.stringify({ errors }), facts);
    return;
  }
  const nobody = thrown instanceof RegistryError && thrown.kind === 'unauthorized';
  await respondError(req, res, thrown, facts, nobody ? challenge : {});
}

function send(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  type: string,
  text: string,
  facts: Facts,
): void {
  const bytes = Buffer.from(text);
  res.writeHead(status, {
    ...head(type, facts),
    'Content-Length': bytes.byteLength,
    // What was not read of the body would be taken for the next request.
    ...(!req.complete && { Connection: 'close' }),
  });
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

function head(type: string, { id }: Facts): Record<string, string> {
  return {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(id !== undefined && { 'X-Request-Id': id }),
  };
}

async function* lines(events: AsyncIterable<unknown>): AsyncIterable<string> {
  for await (const event of events) yield `${JSON.stringify(event)}\n`;
}
