import { setTimeout as sleep } from 'node:timers/promises';
import { Breaker, type Attempt, type Pause } from './breaker.ts';
import { Client } from './client.ts';
import { UpstreamFailure } from './failure.ts';
import { isOutage, setAside } from './outage.ts';
import { refusal } from './refusal.ts';
import type { UpstreamSettings } from './settings.ts';

/**
 * What upstreams limit apart: Docker Hub counts fetched manifests, and neither HEAD nor the blobs of an image whose
 * manifest we have. Who may fetch no more manifests for now may still ask and download.
 */
export type Lane = 'questions' | 'manifests' | 'downloads';

/** How one address of an upstream does. */
export interface UrlState {
  readonly url: string;
  /** Whether it is left alone: until when, in ms since 1970, and after which failure. */
  readonly setAside: { readonly until: number; readonly failure: string } | undefined;
  /** Failures in a row. */
  readonly failures: number;
}

type OutageBreaker = Breaker<UpstreamFailure>;

/** How many failures in a row set an address aside. */
const tolerance = 3;
/** Kinds that only somebody gives who works. */
const verdicts: ReadonlySet<string> = new Set(['unauthorized', 'denied', 'hidden']);

/** One address of an upstream, which is left alone for a while when it keeps failing. */
export class Endpoint {
  readonly client: Client;
  /** The address without a slash at its end; `/v2/` lies under it. */
  readonly root: string;
  readonly #name: string;
  readonly #host: string;
  readonly #now: () => number;
  readonly #health: OutageBreaker;
  readonly #limits: Readonly<Record<Lane, OutageBreaker>>;
  /** Many calls may wait for one token, whose fetch fails once. */
  readonly #counted = new WeakSet<UpstreamFailure>();
  readonly #ending = new AbortController();

  constructor(settings: UpstreamSettings, url: URL) {
    this.client = new Client({ ...settings, url });
    this.root = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
    this.#name = settings.name;
    this.#host = url.host;
    this.#now = settings.now ?? (() => performance.now());
    const create = (): OutageBreaker => this.#createBreaker(settings.autoBlock ?? true);
    this.#health = create();
    this.#limits = { questions: create(), manifests: create(), downloads: create() };
  }

  /**
   * Does work that asks this address, however many requests it takes; what becomes of it counts once. Throws what the
   * work throws, and at once UpstreamFailure of the last failure's kind while the address is set aside.
   */
  async use<T>(lane: Lane, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    const limit = this.#limits[lane];
    const pause = this.#health.pause ?? limit.pause;
    if (pause) throw setAside(this.#host, this.#secondsOf(pause), pause.fault);
    const [health, allowance] = [this.#health.begin(), limit.begin()];
    const allowed = (): void => {
      health.succeeded();
      // An answer that was under way when the limit was reached does not lift it.
      if (!limit.pause) allowance.succeeded();
    };
    try {
      const result = await work();
      allowed();
      return result;
    } catch (fault) {
      if (signal?.aborted || !(fault instanceof UpstreamFailure)) throw fault;
      if (verdicts.has(fault.kind)) allowed();
      else this.#count(fault, health, allowance);
      throw fault;
    }
  }

  /** Counts a failure that showed after the work was done, such as a download that stalls; each once. */
  report(fault: UpstreamFailure): void {
    this.#count(fault, this.#health.begin(), this.#limits.downloads.begin());
  }

  state(): UrlState {
    const breakers = [this.#health, ...Object.values(this.#limits)];
    const pause = breakers.map((each) => each.pause).find((each) => each !== undefined);
    return {
      url: this.root,
      setAside: pause && {
        until: Date.now() + Math.max(0, pause.until - this.#now()),
        failure: pause.fault.message,
      },
      failures: Math.max(...breakers.map(({ failures }) => failures)),
    };
  }

  /** Ends every connection and looks no more whether the address works again. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.client.close();
  }

  #count(
    fault: UpstreamFailure,
    health: Attempt<UpstreamFailure>,
    allowance: Attempt<UpstreamFailure>,
  ): void {
    if (!isOutage(fault) || !fault.asked || this.#counted.has(fault)) return;
    this.#counted.add(fault);
    if (fault.kind === 'rate-limited') {
      health.succeeded();
      allowance.failed(fault, wishOf(fault));
    } else {
      health.failed(fault);
    }
  }

  #createBreaker(autoBlock: boolean): OutageBreaker {
    const breaker: OutageBreaker = new Breaker({
      now: this.#now,
      tolerance: autoBlock ? tolerance : Infinity,
      onPause: (pause) => void this.#lookAfter(breaker, pause),
    });
    return breaker;
  }

  /** Nobody waits for this; it ends with `close`. */
  async #lookAfter(breaker: OutageBreaker, pause: Pause<UpstreamFailure>): Promise<void> {
    const { signal } = this.#ending;
    const isOver = sleep(pause.until - this.#now(), true, { ref: false, signal }).catch(() => false);
    if (!(await isOver) || breaker.pause !== pause) return;
    const fault = await this.#probe();
    if (signal.aborted) return;
    if (fault) breaker.prolong(pause, fault, wishOf(fault));
    else breaker.resume(pause);
  }

  /** Why the address still cannot be asked. Any other answer will do, as what is wrong with it needs a real request. */
  async #probe(): Promise<UpstreamFailure | undefined> {
    const ask = { method: 'GET', url: new URL(`${this.root}/v2/`), headers: {} } as const;
    try {
      const answer = await this.client.sendPlain({ ...ask, signal: this.#ending.signal });
      if (answer.status >= 500 || answer.status === 429) return refusal(this.#name, answer);
      answer.drop();
      return undefined;
    } catch (fault) {
      return isOutage(fault) ? fault : undefined;
    }
  }

  /** Whole seconds that are left of a pause; at least one, since the probe takes its time too. */
  #secondsOf({ until }: Pause<UpstreamFailure>): number {
    return Math.max(1, Math.ceil((until - this.#now()) / 1000));
  }
}

/** How long an upstream wants to be left alone, in ms; only one that limits us knows it. */
function wishOf({ kind, retryAfter = 0 }: UpstreamFailure): number {
  return kind === 'rate-limited' ? retryAfter * 1000 : 0;
}
