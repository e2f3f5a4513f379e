import type { IncomingMessage, ServerResponse } from 'node:http';
import { wantBody } from '../../registry/index.ts';
import { ask, StaleConnection } from './ask.ts';
import type { Forwarding } from './forwarding.ts';
import type { Line } from './library.ts';
import { BackendTimeout } from './limits.ts';
import { isRegistryPath, refuse, wordless } from './refusal.ts';
import { replyHeaders } from './reply-headers.ts';
import { sendReply } from './send-reply.ts';

/** How long the rest of a body that nobody wants is read, in ms, so that the client gets to read the answer. */
const linger = 5_000;

/** One backend that is asked, if those before it gave no answer that counts. */
export interface Attempt extends Forwarding {
  /** True for a status that is not passed on while there is another backend to ask. */
  readonly passOver?: (status: number) => boolean;
  /** Told how it went: the status, or why there was no answer. */
  readonly onOutcome?: (outcome: number | Error) => void;
  /** Asked just before it is made for what is only known then. */
  readonly prepare?: () => Promise<Partial<Forwarding>>;
}

/**
 * Passes one request on and an answer back; fulfils when the client has all of it or is gone. Never throws. Several
 * attempts are for requests without a body. After one that broke off the next is made only for GET and HEAD: of what
 * changes something it is not known whether it did.
 */
export async function exchange(
  attempts: readonly Attempt[],
  lineTo: (how: Forwarding) => Line,
  idleTimeout: number,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const course: Course = { how: undefined, reply: undefined, left: false };
  const over = new Promise<void>((done) => {
    res.once('close', () => {
      // Had the backend broken off, its reply would have ended before.
      course.left = !course.reply?.destroyed;
      done();
    });
  });
  if (res.closed) return;
  try {
    // The gateway's server leaves the answer to Expect to us; the backend is not asked.
    wantBody(req, res);
    for (const [position, attempt] of attempts.entries()) {
      course.how = attempt;
      const isLast = position === attempts.length - 1;
      const prepared = async (): Promise<IncomingMessage> => {
        const how = { ...attempt, ...(await attempt.prepare?.()) };
        return ask(lineTo(how), idleTimeout, req, res, how);
      };
      const again = (fault: unknown): Promise<IncomingMessage> => {
        if (course.left || !(fault instanceof StaleConnection) || !isRepeatable(req)) throw fault;
        return prepared();
      };
      const reply = await prepared()
        .catch(again)
        .catch((fault: unknown) => {
          if (!course.left) attempt.onOutcome?.(fault instanceof Error ? fault : new Error(String(fault)));
          if (isLast || course.left || !isRepeatable(req)) throw fault;
        });
      if (!reply) continue;
      const status = reply.statusCode ?? 502;
      attempt.onOutcome?.(status);
      if (!isLast && attempt.passOver?.(status)) {
        giveUp(reply, req);
        continue;
      }
      course.reply = reply;
      await answer(reply, req, res, attempt);
      break;
    }
  } catch (fault) {
    if (course.left) noteLeft(course.how);
    else fail(fault, req, res, course.how);
  }
  await over;
  dropRest(req);
}

function isRepeatable({ method }: IncomingMessage): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** How far an exchange has come. */
interface Course {
  /** The attempt that is being made. */
  how: Forwarding | undefined;
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
  if (status === 401 && how.hidesLogin) {
    giveUp(reply, req);
    throw new LoginRefused('the login that is configured for it was refused');
  }
  const headers = replyHeaders(reply, how);
  if (status >= 400 && isRegistryPath(req.url ?? '') && !(await isReadable(reply, req))) {
    giveUp(reply, req);
    refuse(req, res, wordless(req, status), headers);
    return;
  }
  await sendReply(reply, res, status, headers);
}

/** Without a body its connection can be used again; a page may be of any length. */
function giveUp(reply: IncomingMessage, req: IncomingMessage): void {
  reply.on('error', () => undefined);
  if (req.method === 'HEAD' || Number(reply.headers['content-length'] ?? Infinity) < 4096) reply.resume();
  else reply.destroy();
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

function noteLeft(how: Forwarding | undefined): void {
  if (how?.facts) how.facts.error = 'client gone';
}

/** A backend does not take the login of ours. */
class LoginRefused extends Error {}

/** Tells the client that there is no answer, or, when part of one is out, ends its connection. */
function fail(fault: unknown, req: IncomingMessage, res: ServerResponse, how: Forwarding | undefined): void {
  const facts = how?.facts ?? {};
  facts.error = 'UNAVAILABLE';
  facts.fault = `${how?.address.host ?? ''}: ${fault instanceof Error ? fault.message : String(fault)}`;
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const [status, message] =
    fault instanceof BackendTimeout
      ? [504, 'the server behind this address did not answer in time; try again later']
      : fault instanceof LoginRefused
        ? [
            502,
            'the server behind this address refused the login of the gateway; its operator must correct that',
          ]
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
