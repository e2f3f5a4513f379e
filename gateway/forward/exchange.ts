import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { ask } from './ask.ts';
import type { Forwarding } from './forwarding.ts';
import type { Line } from './library.ts';
import { BackendTimeout } from './limits.ts';
import { isRegistryPath, refuse, wordless } from './refusal.ts';
import { replyHeaders } from './reply-headers.ts';

/** How long the rest of a body that nobody wants is read, in ms, so that the client gets to read the answer. */
const linger = 5_000;

/** Passes one request on and its answer back; fulfils when the client has all of it or is gone. Never throws. */
export async function exchange(
  line: Line,
  idleTimeout: number,
  req: IncomingMessage,
  res: ServerResponse,
  how: Forwarding,
): Promise<void> {
  const course: Course = { reply: undefined, left: false };
  const over = new Promise<void>((done) => {
    res.once('close', () => {
      // Had the backend broken off, its reply would have ended before.
      course.left = !course.reply?.destroyed;
      done();
    });
  });
  if (res.closed) return;
  try {
    // The gateway's server leaves the answer to Expect to us, RFC 9110 10.1.1; the backend is not asked.
    if (req.headers.expect !== undefined && req.httpVersion === '1.1') res.writeContinue();
    course.reply = await ask(line, idleTimeout, req, res, how);
    await answer(course.reply, req, res, how);
  } catch (fault) {
    if (course.left) noteLeft(how);
    else fail(fault, req, res, how);
  }
  await over;
  dropRest(req);
}

/** How far an exchange has come. */
interface Course {
  reply: IncomingMessage | undefined;
  /** True when the client closed the connection first. */
  left: boolean;
}

async function answer(
  reply: IncomingMessage,
  req: IncomingMessage,
  res: ServerResponse,
  how: Forwarding,
): Promise<void> {
  const status = reply.statusCode ?? 502;
  const headers = replyHeaders(reply, how);
  if (status >= 400 && isRegistryPath(req.url ?? '') && !(await isReadable(reply, req))) {
    // Without a body its connection can be used again; a page may be of any length.
    if (req.method === 'HEAD' || reply.headers['content-length'] === '0') reply.resume();
    else reply.destroy();
    refuse(req, res, wordless(req, status), headers);
    return;
  }
  for (const [name, values] of headers) res.setHeader(name, values);
  res.writeHead(status).flushHeaders();
  // Cuts the client's connection when the backend's breaks, and the other way round.
  await pipeline(reply, res);
}

/** Whether an error has a body that a registry's client can read; HEAD never has one, so its type must do. */
async function isReadable(reply: IncomingMessage, req: IncomingMessage): Promise<boolean> {
  const json = /^application\/(?:[\w.-]+\+)?json\b/i.test(reply.headers['content-type'] ?? '');
  return json && (req.method === 'HEAD' || !(await isEmpty(reply)));
}

async function isEmpty(body: IncomingMessage): Promise<boolean> {
  await new Promise<void>((resolve, reject) => {
    body.once('readable', resolve).once('end', resolve).once('error', reject);
  });
  return body.readableLength === 0;
}

function noteLeft({ facts }: Forwarding): void {
  if (facts) facts.error = 'client gone';
}

/** Tells the client that there is no answer, or, when part of one is out, ends its connection. */
function fail(fault: unknown, req: IncomingMessage, res: ServerResponse, how: Forwarding): void {
  const facts = how.facts ?? {};
  facts.error = 'UNAVAILABLE';
  facts.fault = `${how.address.host}: ${fault instanceof Error ? fault.message : String(fault)}`;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const [status, message] =
    fault instanceof BackendTimeout
      ? [504, 'the server behind this address did not answer in time; try again later']
      : [502, 'the server behind this address cannot be reached; the log of the gateway says why'];
  refuse(req, res, { status, code: facts.error, message });
}

function dropRest(req: IncomingMessage): void {
  if (req.complete || req.destroyed) return;
  req.unpipe();
  req.resume();
  const timer = setTimeout(() => req.socket.destroy(), linger);
  req.once('close', () => {
    clearTimeout(timer);
  });
}
