import type { IncomingMessage, ServerResponse } from 'node:http';
import { errorTable, RegistryError } from '../model/index.ts';
import { noAnswer } from '../repositories/index.ts';
import { UpstreamFailure } from '../upstream/index.ts';
import type { Facts } from './exchange.ts';
import type { Reply } from './reply.ts';

/** How long the rest of a refused upload is read and thrown away, in ms, so that the client can read the refusal. */
const linger = 5_000;

/** Writes a reply: the only place where status, headers and bodies of the registry are written. */
export async function respond(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, body }: Reply,
  { id }: Facts,
): Promise<void> {
  const bytes =
    body === undefined
      ? empty
      : 'json' in body
        ? Buffer.from(JSON.stringify(body.json))
        : 'bytes' in body
          ? body.bytes
          : undefined;
  const head: Record<string, string | number | string[]> = { ...common, ...headers };
  // Node writes headers given all at once much faster than headers that are set before.
  if (id !== undefined) head['X-Request-Id'] = id;
  if (body && 'json' in body) head['Content-Type'] = 'application/json';
  if (bytes && !('Content-Length' in head) && status !== 204 && status !== 304)
    head['Content-Length'] = bytes.byteLength;
  const rest = req.complete ? undefined : req.destroyed ? untilClosed(res) : readOn(req);
  res.writeHead(status, head);
  if (req.method === 'HEAD' || status === 304) {
    res.end();
    if (body && 'blob' in body) await body.blob.close();
  } else if (body && 'blob' in body) await body.sender.send(res, body.blob, body.range);
  else if (rest && bytes) await endAfter(res, bytes, rest);
  else if (bytes && bytes.byteLength > 0) res.end(bytes);
  else res.end();
}

/** Writes what went wrong as the JSON that clients read. OCI distribution-spec 1.1, "Error Codes". */
export async function respondError(
  req: IncomingMessage,
  res: ServerResponse,
  thrown: unknown,
  facts: Facts,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  if (res.headersSent || res.destroyed) {
    // The status is out; only a broken connection can still say that the body is not whole.
    if (res.destroyed) facts.error = 'client gone';
    else facts.fault = describe(thrown);
    res.destroy();
    return;
  }
  const error = toRegistryError(thrown);
  if (error.kind === 'internal' || error.kind === 'storageFull') facts.fault = describe(thrown);
  const { code, status } = errorTable[error.kind];
  facts.error = code;
  await respond(
    req,
    res,
    {
      status,
      headers: {
        ...headers,
        ...(error.retryAfter !== undefined && { 'Retry-After': Math.ceil(error.retryAfter) }),
        ...(error.allow && { Allow: error.allow.join(', ') }),
        ...(error.size !== undefined && { 'Content-Range': `bytes */${error.size}` }),
      },
      body: {
        json: {
          errors: [
            { code, message: error.message, ...(error.detail !== undefined && { detail: error.detail }) },
          ],
        },
      },
    },
    facts,
  );
}

const empty = new Uint8Array();
const common = { 'Docker-Distribution-Api-Version': 'registry/2.0', 'X-Content-Type-Options': 'nosniff' };

function toRegistryError(thrown: unknown): RegistryError {
  if (thrown instanceof RegistryError) return thrown;
  if (thrown instanceof UpstreamFailure) return noAnswer([thrown]);
  return new RegistryError('internal', { cause: thrown });
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error
    ? `${thrown.stack ?? ''}\ncaused by ${thrown.cause.stack ?? ''}`
    : (thrown.stack ?? '');
}

/**
 * An upload that is refused early: a client that still sends must be read from for a while, but not for gigabytes.
 * Fulfils when all is read or the connection is gone.
 */
function readOn(req: IncomingMessage): Promise<void> {
  req.resume();
  const timer = setTimeout(() => req.socket.destroy(), linger);
  return new Promise((resolve) => {
    req.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * An upload that broke off on our side, as on a full disk, can be read on no more. Closed at once, its connection would
 * break under a client that wants it closed, still sends and has not read why. Fulfils when the client has closed it;
 * undefined when it is closed already, or stays open after the answer anyway.
 */
function untilClosed({ socket, shouldKeepAlive }: ServerResponse): Promise<void> | undefined {
  if (!socket || socket.destroyed || shouldKeepAlive) return undefined;
  const timer = setTimeout(() => socket.destroy(), linger);
  return new Promise((resolve) => {
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Where the client wants its connection closed, the end closes it, and what it still sends would break the answer. */
async function endAfter(res: ServerResponse, bytes: Uint8Array, rest: Promise<void>): Promise<void> {
  res.write(bytes);
  await rest;
  res.end();
}
