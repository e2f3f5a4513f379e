import type { Dispatcher } from 'undici';
import { Answer } from './answer.ts';
import { Deadline } from './deadline.ts';
import { failureOf, UpstreamFailure } from './failure.ts';
import type { Target } from './redirect.ts';
import type { Tally } from './tally.ts';
import type { Turns } from './turns.ts';

/** What a request is about. */
interface RequestFacts {
  readonly upstream: string;
  readonly method: string;
  readonly target: Target;
  readonly proxy: URL | undefined;
  /** Ends it when it fires. */
  readonly caller: AbortSignal | undefined;
  /** When it must have ended, by `performance.now()`. */
  readonly until: number;
  readonly tally: Tally;
}

/**
 * One request, from its wait for a turn to the end of its answer's body. Turn, timer and listener are given back when
 * the body closes, or by `failed`, one of which must come.
 */
export class RunningRequest {
  readonly #facts: RequestFacts;
  readonly #deadline: Deadline;
  #leave: (() => void) | undefined;
  #outcome = '';

  constructor(facts: RequestFacts) {
    this.#facts = facts;
    this.#deadline = new Deadline(facts.caller, facts.until - performance.now(), () =>
      this.#leave ? this.#late() : this.#tooMany(),
    );
  }

  /** Fires with the caller's signal, and with an UpstreamFailure when it is too late. */
  get signal(): AbortSignal {
    return this.#deadline.signal;
  }

  /** Fulfils when it may be sent, at most `patience` ms from now. */
  async waitForTurn(turns: Turns, patience: number): Promise<void> {
    const wait = new Deadline(this.signal, patience, () => this.#tooMany());
    try {
      this.#leave = await turns.take(this.#facts.target.url.origin, wait.signal);
    } finally {
      wait.end();
    }
  }

  /** The answer whose head has come. */
  answered(response: Dispatcher.ResponseData): Answer {
    const { upstream, target, tally } = this.#facts;
    this.#outcome = String(response.statusCode);
    response.body.once('close', () => {
      this.#end();
    });
    return new Answer({
      upstream,
      url: target.url,
      response,
      failure: (cause) => this.#failure(cause),
      onBytes: (count) => {
        tally.received(count);
      },
      onStream: () => {
        this.#deadline.lift();
      },
    });
  }

  /** What is to be thrown when no head has come because of `cause`. */
  failed(cause: unknown): Error {
    const failure = this.#failure(cause);
    this.#end();
    return failure;
  }

  #failure(cause: unknown): Error {
    const { upstream, target, proxy } = this.#facts;
    const failure = this.signal.aborted ? (this.signal.reason as Error) : cause;
    if (failure instanceof UpstreamFailure || this.signal.aborted) {
      this.#outcome = failure instanceof UpstreamFailure ? failure.kind : 'aborted';
      return failure as Error;
    }
    const worded = failureOf(upstream, { host: target.url.host, proxy: proxy?.host }, cause);
    this.#outcome = worded.kind;
    return worded;
  }

  #end(): void {
    this.#deadline.end();
    this.#leave?.();
    this.#facts.tally.request(this.#facts.method, this.#outcome);
  }

  #late(): UpstreamFailure {
    const { upstream, target } = this.#facts;
    const message = `${target.url.host} did not send its whole answer in time: try again later`;
    return new UpstreamFailure(upstream, 'timeout', message);
  }

  #tooMany(): UpstreamFailure {
    const { upstream, target } = this.#facts;
    const message =
      `${target.url.host} was not asked, because too many requests to it were under way for too long: ` +
      `try again later, or raise "maxConnections"`;
    return new UpstreamFailure(upstream, 'timeout', message, { asked: false });
  }
}
