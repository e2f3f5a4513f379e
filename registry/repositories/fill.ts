import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BlobStore } from '../blobs/index.ts';
import type { Download as DownloadRow, Metadata, Place } from '../metadata/index.ts';
import type { Digest } from '../model/index.ts';
import type { Upstream } from '../upstream/index.ts';
import { Download } from './download.ts';
import { GrowingBlob } from './growing-blob.ts';
import { outcomeOf, readOutcome } from './outcome.ts';
import { pinForCommit } from './pin-for-commit.ts';

/** For how long a download is ours after we were last heard of, in ms; it is prolonged three times in that time. */
const lease = 15_000;
/** How often what another process fetches is looked at, in ms: while a reader waits, and otherwise. */
const attentive = 15;
const relaxed = 200;
/** How long others can read why a download ended, in ms. */
const outcomeTime = 10_000;

/** What a fill is built on. */
export interface FillParts {
  readonly blobs: BlobStore;
  readonly metadata: Pick<Metadata, 'downloads' | 'pins' | 'images'>;
  /** This process, among those on the same data. */
  readonly me: string;
  /** Ends the fill; nobody's leaving does. */
  readonly signal: AbortSignal;
  /** Told of the proxy that has got a blob more. */
  readonly onKept: (repository: string) => void;
  readonly onFault: (fault: unknown) => void;
}

/** Which blob, for whom and from where. */
export interface FillOrder {
  readonly upstream: Upstream;
  /** The proxy, and the name as the upstream knows it. */
  readonly place: Place;
  readonly digest: Digest;
  /** What a manifest says of the size, in bytes. */
  readonly expected: number | undefined;
  /** Whether the upstream has this blob under this name too; asked before bytes are taken that came for another. */
  readonly mayJoin: (signal: AbortSignal) => Promise<boolean>;
}

/**
 * The one download of a digest, whatever the number of clients and processes: this process does it, or follows the one
 * that does, and takes it over from one that has gone.
 */
export class Fill {
  readonly growing: GrowingBlob;
  readonly #parts: FillParts;
  readonly #order: FillOrder;

  constructor(parts: FillParts, order: FillOrder) {
    this.#parts = parts;
    this.#order = order;
    this.growing = new GrowingBlob(order.digest, parts.blobs);
  }

  get place(): Place {
    return this.#order.place;
  }

  /** Fulfils when the blob is here, or is known not to be there; rejects with what its readers are told too. */
  async run(): Promise<void> {
    const { downloads } = this.#parts.metadata;
    try {
      for (let ended = false; !ended;) {
        await this.#letOthersSee();
        const mine = { id: randomUUID(), by: this.#parts.me, until: Date.now() + lease, place: this.place };
        const row = await downloads.join(this.#order.digest, mine);
        ended = row.by === mine.by ? await this.#fetch(row) : await this.#follow(row);
      }
    } catch (fault) {
      this.growing.fail(fault);
      throw fault;
    }
  }

  /** Whoever reads along must see that a download failed before it is begun anew: what they have read is no part of that. */
  async #letOthersSee(): Promise<void> {
    const { metadata, signal } = this.#parts;
    const last = await metadata.downloads.find(this.#order.digest);
    if (last?.outcome === undefined || last.size === undefined) return;
    const left = last.until - outcomeTime + 2 * relaxed - Date.now();
    if (left > 0) await sleep(left, undefined, { signal });
  }

  /** Fetches it; false when another process has taken the download over. */
  async #fetch({ id, size }: DownloadRow): Promise<boolean> {
    const { downloads } = this.#parts.metadata;
    const { digest } = this.#order;
    const lost = new AbortController();
    const hold = async (): Promise<void> => {
      if (await downloads.prolong(digest, this.#parts.me, Date.now() + lease)) return;
      lost.abort(new Error(`another process has taken over the download of ${digest}`));
      lost.signal.throwIfAborted();
    };
    const holding = setInterval(() => void hold().catch(() => undefined), lease / 3);
    try {
      this.growing.begin(id);
      if (size !== undefined) this.growing.announce(size);
      const fetched = await this.#download(id, AbortSignal.any([this.#parts.signal, lost.signal]), hold);
      await this.#settle(id, fetched);
      return true;
    } catch (fault) {
      if (lost.signal.aborted) return false;
      await this.#giveUp(id, fault).catch(this.#parts.onFault);
      throw fault;
    } finally {
      clearInterval(holding);
    }
  }

  #download(id: string, signal: AbortSignal, hold: () => Promise<void>): Promise<number | undefined> {
    const { metadata, blobs, me, onFault } = this.#parts;
    const { place, digest, upstream, expected } = this.#order;
    const download = new Download(
      {
        repository: place.repository,
        name: place.name,
        upstream,
        blobs,
        digest,
        id,
        expected,
        onSize: (size) => void metadata.downloads.announce(digest, me, size).catch(onFault),
        async beforeCommit() {
          await pinForCommit(metadata.pins, digest);
          await hold();
        },
        signal,
      },
      this.growing,
    );
    return download.run();
  }

  /** Notes that the blob is here before its last byte goes out: who has got that finds it kept. */
  async #settle(id: string, size: number | undefined): Promise<void> {
    const { metadata, me, blobs, onFault } = this.#parts;
    const { place, digest } = this.#order;
    if (size === undefined) {
      await blobs.incoming.drop(id);
      await metadata.downloads.fail(digest, me, outcomeOf(undefined), Date.now() + outcomeTime);
      this.growing.leaveOut();
      return;
    }
    // The bytes are right, whatever becomes of the rows: a full disk costs the next client a download, not this one.
    await metadata.images.linkBlob(place, { digest, size }).catch(onFault);
    await metadata.downloads.end(digest, me).catch(onFault);
    this.growing.finish(size);
    this.#parts.onKept(place.repository);
  }

  /** What has come so far stays for another process when this one is only told to stop, or that one goes on with it. */
  async #giveUp(id: string, fault: unknown): Promise<void> {
    const { metadata, me, blobs, signal } = this.#parts;
    const { digest } = this.#order;
    const until = Date.now() + (signal.aborted ? 0 : lease);
    if (!(await metadata.downloads.prolong(digest, me, until)) || signal.aborted) return;
    await blobs.incoming.drop(id);
    await metadata.downloads.fail(digest, me, outcomeOf(fault), Date.now() + outcomeTime);
  }

  /** Reads along while another process fetches it; false when nobody has been heard of for too long. */
  async #follow(first: DownloadRow): Promise<boolean> {
    const { metadata, blobs, signal } = this.#parts;
    const { place, digest, mayJoin } = this.#order;
    const isOurs = first.place.repository === place.repository && first.place.name === place.name;
    if (!isOurs && !(await mayJoin(signal))) {
      this.growing.leaveOut();
      return true;
    }
    this.growing.begin(first.id);
    for (;;) {
      const row = await metadata.downloads.find(digest);
      if (row?.id !== first.id) return this.#finishFollowing();
      // Why another name did not get it is no answer for this one, as long as nobody reads what came for that.
      if (row.outcome !== undefined && !isOurs && this.growing.size === undefined) return false;
      if (row.outcome !== undefined) return this.#conclude(row.outcome);
      if (row.until <= Date.now()) return false;
      if (row.size !== undefined && this.growing.size === undefined) this.growing.announce(row.size);
      this.growing.grow((await blobs.incoming.size(row.id)) ?? 0);
      await sleep(this.growing.isAwaited ? attentive : relaxed, undefined, { signal });
    }
  }

  /** The other process is done; the link is its own affair, and ours when it was fetched for another name. */
  async #finishFollowing(): Promise<boolean> {
    const { metadata } = this.#parts;
    const size = await metadata.images.linkKnown(this.place, this.#order.digest);
    if (size === undefined) return false;
    this.growing.finish(size);
    return true;
  }

  #conclude(outcome: string): boolean {
    const { repository } = this.place;
    const failure = readOutcome(repository, outcome);
    if (failure) throw failure;
    this.growing.leaveOut();
    return true;
  }
}
