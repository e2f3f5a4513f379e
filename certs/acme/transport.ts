import { createSecureContext, getCACertificates } from 'node:tls';
import { Agent, ProxyAgent, type Dispatcher } from 'undici';
import { AcmeFailure } from './problem.ts';

/** What an ACME server answered, whatever its status. */
export interface Answer {
  url: string;
  status: number;
  /** The first value, undefined when there is none. */
  header: (name: string) => string | undefined;
  text: string;
}

/** What the requests of one order have in common. */
export interface TransportSettings {
  /** PEM of authorities to trust besides the public ones. */
  ca: string | undefined;
  proxyFor: (url: URL) => URL | undefined;
  /** Ends what is under way. */
  signal: AbortSignal;
}

const CONNECT_TIMEOUT = 15_000; // milliseconds, as are the others
/** A server that signs may think; Let's Encrypt finalizes within seconds. */
const ANSWER_TIMEOUT = 60_000;
/** Chains and directories are some kilobytes; more than this is something else. */
const LIMIT = 1024 * 1024;

/** Sends requests to an ACME server, directly or through a proxy. To be closed. */
export class Transport {
  readonly #settings: TransportSettings;
  readonly #kept = new Map<string, Dispatcher>();

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  /** Redirects are not followed: what is signed names its address. Throws AcmeFailure, or the signal's reason. */
  async send(method: 'GET' | 'HEAD' | 'POST', url: string, body?: string): Promise<Answer> {
    const { signal, proxyFor } = this.#settings;
    const target = addressOf(url);
    const proxy = proxyFor(target);
    try {
      const answer = await this.#dispatcher(proxy).request({
        method,
        origin: target.origin,
        path: target.pathname + target.search,
        headers: headersFor(body),
        body: body ?? null,
        headersTimeout: ANSWER_TIMEOUT,
        bodyTimeout: ANSWER_TIMEOUT,
        signal: AbortSignal.any([signal, AbortSignal.timeout(2 * ANSWER_TIMEOUT)]),
      });
      const text = await textOf(answer.body);
      const header = (name: string): string | undefined => [answer.headers[name]].flat()[0];
      return { url, status: answer.statusCode, header, text };
    } catch (cause) {
      signal.throwIfAborted();
      throw unreachable(target, proxy, cause);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#kept.values().map((each) => each.destroy()));
  }

  #dispatcher(proxy: URL | undefined): Dispatcher {
    const key = proxy?.href ?? '';
    const kept = this.#kept.get(key);
    if (kept) return kept;
    const { ca } = this.#settings;
    const how = {
      timeout: CONNECT_TIMEOUT,
      allowH2: false,
      ...(ca !== undefined && {
        secureContext: createSecureContext({ ca: [...getCACertificates('default'), ca] }),
      }),
    };
    const made = proxy
      ? new ProxyAgent({ uri: proxy.href, requestTls: how, proxyTls: how, allowH2: false })
      : new Agent({ connect: how, allowH2: false });
    this.#kept.set(key, made);
    return made;
  }
}

/** The server names its own addresses; it must not send us anywhere but to https. */
function addressOf(url: string): URL {
  const target = URL.parse(url);
  if (target?.protocol === 'https:') return target;
  throw new AcmeFailure(`the ACME server named an address that is not https: ${url.slice(0, 200)}`, {
    isJudged: false,
  });
}

/** RFC 8555, 6.1 and 6.2. */
function headersFor(body: string | undefined): Record<string, string> {
  const usual = { 'user-agent': 'dockgate', 'accept-language': 'en', 'accept-encoding': 'identity' };
  return body === undefined ? usual : { ...usual, 'content-type': 'application/jose+json' };
}

async function textOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of body) {
    pieces.push(piece as Buffer);
    size += (piece as Buffer).length;
    if (size > LIMIT) throw new Error('the answer is too long');
  }
  return Buffer.concat(pieces).toString('utf8');
}

function unreachable(target: URL, proxy: URL | undefined, cause: unknown): AcmeFailure {
  const way = proxy === undefined ? '' : ` through the proxy ${proxy.host}`;
  return new AcmeFailure(`cannot ask ${target.host}${way} (${reasonOf(cause)})${adviceOn(cause)}`, {
    isJudged: false,
    cause,
  });
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause.name === 'TimeoutError' ? 'no answer in time' : cause.message;
}

const UNTRUSTED = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function adviceOn(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  return code !== undefined && UNTRUSTED.has(code)
    ? ': name the PEM file of its authority with tls.acme.ca'
    : ': check tls.acme.directory, that server, and the way out to it (outbound)';
}
