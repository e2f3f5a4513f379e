import { Transform, type Readable } from 'node:stream';
import type { BlobStore } from '../blobs/index.ts';
import { algorithmOf, RegistryError, type Digest, type Name } from '../model/index.ts';
import { UpstreamFailure, type Upstream, type UpstreamDownload } from '../upstream/index.ts';
import type { GrowingBlob } from './growing-blob.ts';

/** How often a download is taken up again after its connection broke. */
const mostResumes = 5;
/** Of a blob whose size nobody knows, in bytes: a body without an end must not fill the disk. */
const mostUnannounced = 4 * 1024 ** 3;

/** What is to be downloaded, from where and to where. */
export interface DownloadOrder {
  /** The proxy, for messages. */
  readonly repository: string;
  readonly upstream: Upstream;
  readonly blobs: BlobStore;
  /** As the upstream knows it. */
  readonly name: Name;
  readonly digest: Digest;
  /** Under which the bytes come in; those that are there already are gone on from. */
  readonly id: string;
  /** What a manifest says of its size, in bytes. */
  readonly expected: number | undefined;
  /** Told once, as soon as it is known. */
  readonly onSize: (size: number) => void;
  /** Asked when all is here, before the bytes become a blob; what it throws ends the download. */
  readonly beforeCommit: () => Promise<void>;
  readonly signal: AbortSignal;
}

/** A blob on its way; `isSized`: HTTP sees to it that the body is not longer than it should be. */
type SizedBlob = UpstreamDownload & { readonly isSized: boolean };

/** One download of one blob into the blob store; it goes on where a connection broke. */
export class Download {
  readonly #order: DownloadOrder;
  readonly #growing: GrowingBlob;
  #written = 0;

  constructor(order: DownloadOrder, growing: GrowingBlob) {
    this.#order = order;
    this.#growing = growing;
  }

  /** Fetches, verifies and commits; answers the size, undefined when the upstream has no such blob. Throws UpstreamFailure. */
  async run(): Promise<number | undefined> {
    const { blobs, id, beforeCommit, digest } = this.#order;
    const there = await blobs.incoming.size(id);
    if (there === undefined) await blobs.incoming.create(id);
    this.#grow(there ?? 0);
    if (!this.#isWhole() && !(await this.#fetch())) return undefined;
    await beforeCommit();
    try {
      return await blobs.incoming.commit(id, digest);
    } catch (cause) {
      if (!(cause instanceof RegistryError) || cause.kind !== 'digestInvalid') throw cause;
      throw this.#badAnswer('sent other bytes; they were dropped', cause);
    }
  }

  /** A process that ended just before its commit left everything, of which there is no more to ask for. */
  #isWhole(): boolean {
    const size = this.#growing.size ?? this.#order.expected;
    return this.#written > 0 && this.#written === size;
  }

  /** False when the upstream does not have it. An upstream that does not answer is not asked again. */
  async #fetch(): Promise<boolean> {
    for (let resumes = 0; ; resumes += 1) {
      const answer = await this.#ask();
      if (!answer) return false;
      try {
        await this.#take(answer);
        return true;
      } catch (fault) {
        if (fault instanceof UpstreamFailure) answer.report(fault);
        if (resumes === mostResumes || !this.#mayResume(fault)) throw fault;
        this.#grow((await this.#order.blobs.incoming.size(this.#order.id)) ?? 0);
      }
    }
  }

  async #ask(): Promise<SizedBlob | undefined> {
    const { upstream, name, digest, expected, signal } = this.#order;
    const answer = await upstream.getBlob(name, digest, this.#written, signal);
    const hasBegun = this.#written > 0 || this.#growing.size !== undefined;
    if (!answer && hasBegun) throw this.#badAnswer('has it no more, in the middle of a download');
    if (!answer || answer.size !== undefined) return answer && { ...answer, isSized: true };
    const size = this.#growing.size ?? expected ?? (await this.#sizeByHead(answer.body));
    return { ...answer, size, isSized: false };
  }

  /** Undefined when the upstream does not tell it by HEAD either; the download can do without. */
  async #sizeByHead(body: Readable): Promise<number | undefined> {
    const { upstream, name, digest, signal } = this.#order;
    try {
      return (await upstream.headBlob(name, digest, signal))?.size;
    } catch (fault) {
      if (fault instanceof UpstreamFailure && !signal.aborted) return undefined;
      body.destroy();
      throw fault;
    }
  }

  async #take(answer: SizedBlob): Promise<void> {
    const { blobs, id, digest, signal, repository, name } = this.#order;
    try {
      await blobs.incoming.append(id, this.#bodyOf(answer), {
        algorithm: algorithmOf(digest),
        signal,
        onGrowth: (grown) => {
          this.#grow(grown);
        },
      });
    } finally {
      // A store that fails before it reads leaves the connection to us.
      answer.body.destroy();
    }
    const { size } = this.#growing;
    if (size === undefined || this.#written >= size) return;
    const message = `${name}@${digest}: the upstream ended after ${this.#written} of ${size} bytes`;
    throw new UpstreamFailure(repository, 'unreachable', message);
  }

  /** The body from where we are; one whose length HTTP does not guard is ended when it becomes too long. */
  #bodyOf({ from, size, isSized, body }: SizedBlob): Readable {
    if (size !== undefined) this.#announce(size, body);
    const most = this.#growing.size ?? mostUnannounced;
    const excess = (): Error => this.#badAnswer(`sent more than ${most} bytes`);
    const skipped = this.#written - from;
    return skipped > 0 || !isSized ? window(body, skipped, most - from, excess) : body;
  }

  #grow(written: number): void {
    this.#written = written;
    this.#growing.grow(written);
  }

  /** A body that breaks off may go on, however little came of it; what is wrong here or there stays wrong. */
  #mayResume(fault: unknown): boolean {
    if (this.#order.signal.aborted || fault instanceof RegistryError) return false;
    return !(fault instanceof UpstreamFailure && fault.kind === 'bad-answer');
  }

  /** Readers were told the size and rely on it: it cannot change when a download goes on. */
  #announce(size: number, body: Readable): void {
    const known = this.#growing.size;
    if (known === size) return;
    if (known !== undefined) {
      body.destroy();
      throw this.#badAnswer(`says ${size} bytes now and said ${known} before`);
    }
    this.#growing.announce(size);
    this.#order.onSize(size);
  }

  #badAnswer(what: string, cause?: unknown): UpstreamFailure {
    const { repository, name, digest } = this.#order;
    const message = `${name}@${digest}: the upstream ${what}`;
    return new UpstreamFailure(repository, 'bad-answer', message, { cause });
  }
}

/**
 * `body` without its first `count` bytes, for an upstream that starts over when it is asked to go on; it breaks off
 * with `excess` when it goes beyond `end` bytes.
 */
function window(body: Readable, count: number, end: number, excess: () => Error): Readable {
  let position = 0;
  const rest = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      const piece = chunk.subarray(Math.min(chunk.byteLength, Math.max(0, count - position)));
      position += chunk.byteLength;
      if (position > end) done(excess());
      else done(null, piece.byteLength > 0 ? piece : undefined);
    },
  });
  // It may break before the store has got to reading, which then finds the error; it must not end the process.
  rest.on('error', () => undefined);
  body.on('error', (fault) => rest.destroy(fault));
  rest.on('close', () => body.destroy());
  return body.pipe(rest);
}
