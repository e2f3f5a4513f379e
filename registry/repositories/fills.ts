import type { BlobReader } from '../blobs/index.ts';
import type { Place } from '../metadata/index.ts';
import { RegistryError, type Digest } from '../model/index.ts';
import { UpstreamFailure } from '../upstream/index.ts';
import { Fill, type FillOrder, type FillParts } from './fill.ts';

/** What became of the fills of one proxy since this process started. */
export interface FillFacts {
  readonly running: number;
  /** How often an upstream sent other bytes than the digest asked for. */
  readonly wrongDigests: number;
}

/** The fills of all proxies: for each digest there is one at a time. */
export class Fills {
  readonly #parts: FillParts;
  readonly #running = new Map<Digest, Fill>();
  readonly #ends = new Set<Promise<void>>();
  readonly #wrongDigests = new Map<string, number>();

  constructor(parts: FillParts) {
    this.#parts = parts;
  }

  /**
   * Joins the fill of this blob or starts it, and answers a reader; undefined when the upstream does not have it.
   * Nobody joins under a name that the upstream has not confirmed (trap T11). Throws what made the fill fail, or the
   * signal's reason, which ends the waiting only.
   */
  async open(order: FillOrder, signal: AbortSignal): Promise<BlobReader | undefined> {
    const running = this.#running.get(order.digest);
    if (!running) return this.#start(order).growing.open(signal);
    if (isSame(running.place, order.place)) return running.growing.open(signal);
    if (!(await order.mayJoin(signal))) return undefined;
    const reader = await running.growing.open(signal).catch(ignoreUpstream);
    if (reader) return reader;
    // Who has only waited long enough must not start a second one beside it.
    signal.throwIfAborted();
    // What it was started under turned out not to have it, while this may.
    this.#forget(running);
    return this.open(order, signal);
  }

  factsOf(repository: string): FillFacts {
    const running = [...this.#running.values()].filter(({ place }) => place.repository === repository);
    return { running: running.length, wrongDigests: this.#wrongDigests.get(repository) ?? 0 };
  }

  /** Fulfils when every fill has ended; the signal that ends them must have fired. */
  async close(): Promise<void> {
    await Promise.all(this.#ends);
  }

  #start(order: FillOrder): Fill {
    const fill = new Fill(this.#parts, order);
    this.#running.set(order.digest, fill);
    const end = fill
      .run()
      .catch((fault: unknown) => {
        this.#count(order.place, fault);
        // Readers get the fault from the fill; the log must have it also when nobody reads any more.
        this.#parts.onFault(fault);
      })
      .finally(() => {
        this.#forget(fill);
        this.#ends.delete(end);
      });
    this.#ends.add(end);
    return fill;
  }

  #count({ repository }: Place, fault: unknown): void {
    const cause = fault instanceof UpstreamFailure ? fault.cause : undefined;
    if (!(cause instanceof RegistryError) || cause.kind !== 'digestInvalid') return;
    this.#wrongDigests.set(repository, (this.#wrongDigests.get(repository) ?? 0) + 1);
  }

  #forget(fill: Fill): void {
    const { digest } = fill.growing;
    if (this.#running.get(digest) === fill) this.#running.delete(digest);
  }
}

function isSame(one: Place, other: Place): boolean {
  return one.repository === other.repository && one.name === other.name;
}

function ignoreUpstream(fault: unknown): undefined {
  if (!(fault instanceof UpstreamFailure)) throw fault;
}
