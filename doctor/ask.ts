import http, { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { performance } from 'node:perf_hooks';
import type { Readable } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { pipeline } from 'node:stream/promises';
import { isTimedOut, Silence } from './silence.ts';
import type { Visit } from './visit.ts';

/** What to ask. A stream goes out in chunks without a length, as docker sends layers. */
export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  /** False: whoever answers is believed. Never with credentials. */
  readonly verify?: boolean;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** From the first byte sent to the last byte read. */
  readonly ms: number;
}

/** What a check may ask with. */
export type Asker = Pick<Visit, 'base' | 'trust' | 'signal'>;

/** More than any answer to a question of ours has, so that a wrong one does not fill the memory. */
const longestAnswer = 8 * 1024 * 1024;

/**
 * Sends one request on a connection of its own; `target` is a path or a whole URL. Throws what the connection throws, and
 * Silence when its time is over.
 */
export async function ask(visit: Asker, target: string | URL, question: Question = {}): Promise<Answer> {
  const begun = performance.now();
  const url = new URL(target, visit.base);
  const { request, answered } = send(visit, url, question);
  let seen = 'was not answered';
  try {
    const answer = await answered;
    seen = 'was answered, but not to the end,';
    const body = await readBody(answer);
    const ms = Math.round(performance.now() - begun);
    return { status: answer.statusCode ?? 0, headers: answer.headers, body, ms };
  } catch (fault) {
    if (!isTimedOut(visit.signal)) throw fault;
    const where = url.origin === visit.base.origin ? url.pathname : `${url.origin}${url.pathname}`;
    throw new Silence(`${question.method ?? 'GET'} ${where} ${seen}`, fault);
  } finally {
    // The answer may come before all was sent.
    request.destroy();
  }
}

function send(
  { trust, signal }: Asker,
  url: URL,
  { method = 'GET', headers = {}, body, verify = true }: Question,
): { request: ClientRequest; answered: Promise<IncomingMessage> } {
  const length =
    body === undefined || !Buffer.isBuffer(body) ? {} : { 'content-length': String(body.length) };
  // A push without a body says so: some servers answer 411 otherwise.
  const none =
    body === undefined && ['POST', 'PUT', 'PATCH'].includes(method) ? { 'content-length': '0' } : {};
  const options = {
    method,
    headers: { 'user-agent': 'dockgate-doctor', ...length, ...none, ...headers },
    agent: false,
    signal,
  };
  const request =
    url.protocol === 'https:'
      ? https.request(url, withTls(options, trust, verify))
      : http.request(url, options);
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  // What fails once there is an answer, because nobody reads the rest, is no fault.
  request.on('error', () => undefined);
  if (body === undefined || Buffer.isBuffer(body)) request.end(body);
  else pipeline(body, request, { signal }).catch((fault: unknown) => request.destroy(fault as Error));
  return { request, answered };
}

/** The types of https leave out what it hands on to tls. */
function withTls<T extends object>(
  options: T,
  secureContext: SecureContext,
  rejectUnauthorized: boolean,
): T & https.RequestOptions {
  return Object.assign(options, { secureContext, rejectUnauthorized });
}

async function readBody(answer: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size > longestAnswer) break;
  }
  return Buffer.concat(parts);
}
