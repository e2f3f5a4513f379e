import {
  isSchema1Type,
  parseManifest,
  parseSchema1,
  RegistryError,
  Turns,
  unlessAborted,
  UpstreamFailure,
  type Digest,
  type Manifest,
  type Name,
} from '../../registry/index.ts';
import type { CarriedManifest, Sink, Source } from './content.ts';

/** What became of the references of a manifest. */
export interface Brought {
  /** What was not there before. */
  readonly brought: readonly Digest[];
  /** What neither side has. */
  readonly missing: readonly Digest[];
  /** What the source has, or may have, and could not be brought. */
  readonly failed: readonly { readonly digest: Digest; readonly fault: unknown }[];
}

/** Blobs on their way at one time; more would take the bandwidth from those who upload themselves. */
const mostTransfers = 4;
/** References of one manifest that are looked for at one time. */
const mostQuestions = 6;
/** An index within an index within an index. */
const deepest = 4;

/** A sink could not be asked, so that its own answer to the push is the best that there is. */
export class SinkUnclear extends Error {
  override readonly name = 'SinkUnclear';
}

/**
 * Brings what manifests reference to where they are pushed. A transfer that has begun goes on when its client leaves, for
 * whoever comes next; `stop` ends them all.
 */
export class BringOver {
  readonly #turns = new Turns(mostTransfers);
  readonly #running = new Map<string, Promise<void>>();
  readonly #stopping = new AbortController();

  /**
   * Brings all that `manifest` references and `sink` lacks, each blob by one transfer for all who want it. Throws
   * SinkUnclear, and the signal's reason when the client leaves.
   */
  async bring(name: Name, manifest: Manifest, from: Source, to: Sink, signal: AbortSignal): Promise<Brought> {
    const outcome = { brought: [] as Digest[], missing: [] as Digest[], failed: [] as Failed[] };
    await this.#bringAll(manifest, { name, from, to, signal, outcome, depth: 0 });
    return outcome;
  }

  /** Brings one blob; false when the source does not have it. Throws what went wrong. */
  async bringBlob(name: Name, digest: Digest, from: Source, to: Sink, signal: AbortSignal): Promise<boolean> {
    const found = await from.findBlob(name, digest, signal);
    if (!found) return false;
    await this.#shared(name, digest, found.size, from, to, signal);
    return true;
  }

  /** Ends what is still under way. */
  stop(): void {
    this.#stopping.abort(new Error('the gateway stops'));
  }

  async #bringAll(manifest: Manifest, errand: Errand): Promise<void> {
    const blobs = unique(manifest.blobs.map(({ digest }) => digest));
    const manifests = unique(manifest.manifests.map(({ digest }) => digest));
    await each(blobs, mostQuestions, (digest) =>
      this.#bringOne(digest, errand, () => this.#blob(digest, errand)),
    );
    await each(manifests, mostQuestions, (digest) =>
      this.#bringOne(digest, errand, () => this.#manifest(digest, errand)),
    );
  }

  async #bringOne(digest: Digest, { outcome, signal }: Errand, work: () => Promise<State>): Promise<void> {
    try {
      const state = await work();
      if (state !== 'there') outcome[state].push(digest);
    } catch (fault) {
      if (signal.aborted || fault instanceof SinkUnclear) throw fault;
      outcome.failed.push({ digest, fault });
    }
  }

  async #blob(digest: Digest, { name, from, to, signal }: Errand): Promise<State> {
    if (await asked(to.hasBlob(name, digest, signal), signal)) return 'there';
    return (await this.bringBlob(name, digest, from, to, signal)) ? 'brought' : 'missing';
  }

  /** A child manifest: what a registry has, it has with all that belongs to it. */
  async #manifest(digest: Digest, errand: Errand): Promise<State> {
    const { name, from, to, signal, depth } = errand;
    if (await asked(to.hasManifest(name, digest, signal), signal)) return 'there';
    const found = await from.findManifest(name, digest, signal);
    if (!found) return 'missing';
    const child = readManifest(found);
    if (depth >= deepest)
      throw new RegistryError('manifestInvalid', { message: 'indexes within indexes without end' });
    const before = errand.outcome.failed.length + errand.outcome.missing.length;
    if (child) await this.#bringAll(child, { ...errand, depth: depth + 1 });
    // Without all of its parts it would be refused, which says less than that they are missing.
    if (errand.outcome.failed.length + errand.outcome.missing.length > before) return 'missing';
    await to.putManifest(name, digest, found, signal);
    return 'brought';
  }

  /** Whoever comes has shown that he may read it, and waits for the transfer of another's if there is one. */
  async #shared(
    name: Name,
    digest: Digest,
    size: number | undefined,
    from: Source,
    to: Sink,
    signal: AbortSignal,
  ): Promise<void> {
    const key = `${name}@${digest}`;
    const running = this.#running.get(key);
    if (running) {
      // Should it fail, it may be for the want of rights that this caller has.
      const isDone = await unlessAborted(
        running.then(
          () => true,
          () => false,
        ),
        signal,
      );
      if (isDone) return;
    }
    const transfer = this.#running.get(key) ?? this.#start(key, { name, digest, size }, from, to);
    await unlessAborted(transfer, signal);
  }

  #start(key: string, blob: Blob, from: Source, to: Sink): Promise<void> {
    const transfer = this.#transfer(blob, from, to).finally(() => this.#running.delete(key));
    this.#running.set(key, transfer);
    // Whoever began it may be gone.
    transfer.catch(() => undefined);
    return transfer;
  }

  async #transfer(blob: Blob, from: Source, to: Sink): Promise<void> {
    const { signal } = this.#stopping;
    const leave = await this.#turns.take('', signal);
    try {
      await to.putBlob(
        blob,
        async () => {
          const body = await from.openBlob(blob.name, blob.digest, signal);
          if (body) return body;
          throw new RegistryError('blobUnknown', { message: `${blob.digest} was there, and is no more` });
        },
        signal,
      );
    } finally {
      leave();
    }
  }
}

type State = 'there' | 'brought' | 'missing';

interface Failed {
  readonly digest: Digest;
  readonly fault: unknown;
}

interface Blob {
  readonly name: Name;
  readonly digest: Digest;
  readonly size: number | undefined;
}

interface Errand {
  readonly name: Name;
  readonly from: Source;
  readonly to: Sink;
  readonly signal: AbortSignal;
  readonly outcome: { readonly brought: Digest[]; readonly missing: Digest[]; readonly failed: Failed[] };
  readonly depth: number;
}

/** What the sink says; where that is unclear, its answer to the push itself will say why. */
async function asked(answer: Promise<boolean>, signal: AbortSignal): Promise<boolean> {
  try {
    return await answer;
  } catch (fault) {
    if (signal.aborted || !(fault instanceof UpstreamFailure)) throw fault;
    throw new SinkUnclear(fault.message, { cause: fault });
  }
}

/** Does work for each item, so many at a time; the first fault ends it. */
async function each<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const lane = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, lane));
}

function unique(digests: readonly Digest[]): readonly Digest[] {
  return [...new Set(digests)];
}

/** What a manifest references; undefined for what we cannot read, of which others may know more. */
export function readManifest({ mediaType, bytes }: CarriedManifest): Manifest | undefined {
  try {
    return isSchema1Type(mediaType) ? parseSchema1(bytes, mediaType) : parseManifest(bytes, mediaType);
  } catch (fault) {
    if (fault instanceof RegistryError) return undefined;
    throw fault;
  }
}
