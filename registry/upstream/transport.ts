import type { Dispatcher } from 'undici';
import type { Answer } from './answer.ts';
import { Connections } from './connections.ts';
import { answerDue, thinkingTime } from './deadline.ts';
import { isBrokenConnection, UpstreamFailure } from './failure.ts';
import { readRateLimit, type RateLimit } from './rate-limit.ts';
import { redirectTarget, type Target } from './redirect.ts';
import { RunningRequest } from './running-request.ts';
import type { ClientSettings } from './settings.ts';
import { Tally, type Counts } from './tally.ts';
import { Turns } from './turns.ts';

/** One request that changes nothing and may therefore be sent again. */
export interface Ask extends Target {
  readonly method: 'GET' | 'HEAD';
  /** Ends the request and the body of its answer. */
  readonly signal: AbortSignal | undefined;
  /** True for what may take long: it has its own connections, so that short questions never wait behind it. */
  readonly bulk?: boolean;
  /**
   * When the answer must be here, by `performance.now()`, its body too unless that is taken as a stream; `answerDue` by
   * default. Several requests for one answer, as for the pages of a list, share one.
   */
  readonly until?: number;
}

const mostRedirects = 5;
/** For each kind of request and each host; a download takes one connection from its first to its last byte. */
const usualConnections = 32;

/** Sends requests over HTTP/1.1 and follows redirects; bodies stay as they are on the wire, so digests hold. */
export class Transport {
  readonly #settings: ClientSettings;
  readonly #connections: Connections;
  readonly #questions: Turns;
  readonly #downloads: Turns;
  readonly #tally = new Tally();
  #rateLimit: RateLimit | undefined;

  constructor(settings: ClientSettings) {
    const { maxConnections = usualConnections } = settings;
    this.#settings = settings;
    this.#connections = new Connections(settings);
    this.#questions = new Turns(maxConnections);
    this.#downloads = new Turns(maxConnections);
  }

  /** Any answer that is not a redirect is a value; throws UpstreamFailure, or the signal's reason once it fired. */
  async send(ask: Ask): Promise<Answer> {
    const until = ask.until ?? answerDue(this.#settings);
    let target: Target = ask;
    for (let hops = 0; hops <= mostRedirects; hops += 1) {
      const answer = await this.#request({ ...ask, until }, target);
      const next = redirectTarget(this.#settings.name, answer, target);
      if (!next) return answer;
      answer.drop();
      target = next;
    }
    const message = `${ask.url.host} redirected more than ${mostRedirects} times: check its address`;
    throw new UpstreamFailure(this.#settings.name, 'bad-answer', message);
  }

  /** What was asked so far. */
  counts(): Counts {
    const { requests, bytes } = this.#tally;
    const both = [this.#questions, this.#downloads] as const;
    const running = both[0].running + both[1].running;
    return { requests, bytes, running, waiting: both[0].waiting + both[1].waiting };
  }

  /** What the upstream itself said last of how much it allows. */
  rateLimit(): RateLimit | undefined {
    return this.#rateLimit;
  }

  /** Ends every connection; bodies that are still read break off. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #request(ask: Ask & { until: number }, target: Target): Promise<Answer> {
    const request = new RunningRequest({
      upstream: this.#settings.name,
      method: ask.method,
      target,
      proxy: this.#connections.proxyFor(target.url),
      caller: ask.signal,
      until: ask.until,
      tally: this.#tally,
    });
    try {
      const turns = ask.bulk ? this.#downloads : this.#questions;
      await request.waitForTurn(turns, thinkingTime(this.#settings));
      const answer = request.answered(await this.#dispatch(ask.method, target, request.signal));
      if (!target.isForeign) this.#rateLimit = readRateLimit(answer, Date.now()) ?? this.#rateLimit;
      return answer;
    } catch (cause) {
      throw request.failed(cause);
    }
  }

  async #dispatch(
    method: Ask['method'],
    target: Target,
    signal: AbortSignal,
  ): Promise<Dispatcher.ResponseData> {
    const userAgent = this.#settings.userAgent ?? 'dockgate';
    const headers = { ...target.headers, 'accept-encoding': 'identity', 'user-agent': userAgent };
    const sending = { method, headers, signal };
    try {
      return await this.#connections.request(target, sending);
    } catch (cause) {
      // A kept connection may be closed by the other side just as we use it; a second one is not.
      if (signal.aborted || !isBrokenConnection(cause)) throw cause;
      return await this.#connections.request(target, sending);
    }
  }
}
