import { getCACertificates } from 'node:tls';
import { Agent, type Dispatcher } from 'undici';
import { Answer } from './answer.ts';
import { failureOf, isBrokenConnection, UpstreamFailure } from './failure.ts';
import { redirectTarget, type Target } from './redirect.ts';
import type { ClientSettings } from './settings.ts';

/** One request that changes nothing and may therefore be sent again. */
export interface Ask extends Target {
  readonly method: 'GET' | 'HEAD';
  /** Ends the request and the body of its answer. */
  readonly signal: AbortSignal | undefined;
  /** True for what may take long: it has its own connections, so that short questions never wait behind it. */
  readonly bulk?: boolean;
}

const mostRedirects = 5;
/** For each kind of request and each host; a download takes one connection from its first to its last byte. */
const connections = 32;

/** Sends requests over HTTP/1.1 and follows redirects; bodies stay as they are on the wire, so digests hold. */
export class Transport {
  readonly #settings: ClientSettings;
  readonly #questions: Agent;
  readonly #downloads: Agent;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#questions = createAgent(settings);
    this.#downloads = createAgent(settings);
  }

  /** Any answer that is not a redirect is a value; throws UpstreamFailure, or the signal's reason once it fired. */
  async send(ask: Ask): Promise<Answer> {
    let target: Target = ask;
    for (let hops = 0; hops <= mostRedirects; hops += 1) {
      const answer = await this.#request(ask, target);
      const next = redirectTarget(this.#settings.name, answer, target);
      if (!next) return answer;
      answer.drop();
      target = next;
    }
    const message = `${ask.url.host} redirected more than ${mostRedirects} times: check its address`;
    throw new UpstreamFailure(this.#settings.name, 'bad-answer', message);
  }

  /** Ends every connection; bodies that are still read break off. */
  async close(): Promise<void> {
    await Promise.all([this.#questions.destroy(), this.#downloads.destroy()]);
  }

  async #request(ask: Ask, target: Target): Promise<Answer> {
    const failure = (cause: unknown): Error =>
      ask.signal?.aborted
        ? (ask.signal.reason as Error)
        : failureOf(this.#settings.name, target.url.host, cause);
    try {
      const response = await this.#dispatch(ask, target);
      return new Answer({ upstream: this.#settings.name, url: target.url, response, failure });
    } catch (cause) {
      throw failure(cause);
    }
  }

  async #dispatch(ask: Ask, target: Target): Promise<Dispatcher.ResponseData> {
    const agent = ask.bulk ? this.#downloads : this.#questions;
    const options = {
      origin: target.url.origin,
      path: target.url.pathname + target.url.search,
      method: ask.method,
      headers: {
        ...target.headers,
        'accept-encoding': 'identity',
        'user-agent': this.#settings.userAgent ?? 'dockgate',
      },
      signal: ask.signal ?? null,
      // Without this the connection ends after every HEAD, and each revalidation would cost a handshake.
      reset: false,
    };
    try {
      return await agent.request(options);
    } catch (cause) {
      // A kept connection may be closed by the other side just as we use it; a second one is not.
      if (ask.signal?.aborted || !isBrokenConnection(cause)) throw cause;
      return await agent.request(options);
    }
  }
}

function createAgent(settings: ClientSettings): Agent {
  const { ca, connectTimeout = 10_000, headersTimeout = 20_000, bodyTimeout = 60_000 } = settings;
  // The usual authorities stay trusted: a private registry's token service or CDN may be a public one.
  const trust = ca === undefined ? {} : { ca: [...getCACertificates('default'), ca] };
  return new Agent({
    connections,
    headersTimeout,
    bodyTimeout,
    connect: { timeout: connectTimeout, ...trust },
    // Downloads that share one HTTP/2 connection also share its flow control and its end.
    allowH2: false,
  });
}
