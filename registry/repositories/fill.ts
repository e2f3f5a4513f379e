import { randomUUID } from 'node:crypto';
import { Transform, type Readable } from 'node:stream';
import type { BlobReader, BlobStore } from '../blobs/index.ts';
import { algorithmOf, RegistryError, type Digest, type Name } from '../model/index.ts';
import { UpstreamFailure, type Upstream, type UpstreamBlob } from '../upstream/index.ts';

/** How often a download is taken up again after its connection broke. */
const mostResumes = 5;

/** What a fill needs to know. */
export interface FillOrder {
  /** The proxy, for messages. */
  readonly repository: string;
  readonly upstream: Upstream;
  readonly blobs: BlobStore;
  readonly name: Name;
  readonly digest: Digest;
  /** Notes that the blob is here; who has got its last byte finds it kept. Never rejects. */
  readonly keep: (size: number) => Promise<void>;
  /** Ends the fill; nobody's leaving does. */
  readonly signal: AbortSignal;
}

/**
 * One download of one blob into a growing file, from which every client reads while it grows. The last byte is held
 * back until the digest is right, so nobody takes wrong bytes for a whole blob.
 */
export class Fill {
  readonly #order: FillOrder;
  readonly #id = randomUUID();
  #size: number | undefined;
  #written = 0;
  #state: 'running' | 'done' | 'failed' = 'running';
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  constructor(order: FillOrder) {
    this.#order = order;
  }

  /** The name that the upstream is asked for. */
  get name(): Name {
    return this.#order.name;
  }

  /**
   * Downloads, verifies and commits; answers the size, or undefined when the upstream has no such blob.
   * Throws UpstreamFailure.
   */
  async run(): Promise<number | undefined> {
    const { blobs } = this.#order;
    try {
      await blobs.incoming.create(this.#id);
      const found = await this.#download();
      const size = found ? await this.#commit() : undefined;
      if (size !== undefined) await this.#order.keep(size);
      this.#size = size;
      this.#state = 'done';
      return size;
    } catch (fault) {
      this.#failure = fault instanceof Error ? fault : new Error(String(fault));
      this.#state = 'failed';
      throw fault;
    } finally {
      this.#wake();
      await blobs.incoming.drop(this.#id);
    }
  }

  async #commit(): Promise<number> {
    const { blobs, digest } = this.#order;
    try {
      return await blobs.incoming.commit(this.#id, digest);
    } catch (cause) {
      if (!(cause instanceof RegistryError) || cause.kind !== 'digestInvalid') throw cause;
      throw this.#badAnswer('sent other bytes; they were dropped', cause);
    }
  }

  /**
   * A reader of the blob as it grows, as soon as its size is known and something can be read: what goes wrong before
   * that, as on a full disk, can still be told. Undefined when the upstream does not have it.
   */
  async open(): Promise<BlobReader | undefined> {
    while (this.#state === 'running' && this.#readable === 0) await this.#change();
    this.#throwFailure();
    if (this.#size === undefined) return undefined;
    const { blobs, digest } = this.#order;
    const file = (await blobs.incoming.open(this.#id)) ?? (await blobs.open(digest));
    if (!file) {
      // It may have failed just now, which says more.
      this.#throwFailure();
      throw new Error(`${digest} went away while it was fetched`);
    }
    return {
      size: this.#size,
      close: () => file.close(),
      read: (into, position) => this.#read(file, into, position),
    };
  }

  async #read(file: BlobReader, into: Uint8Array, position: number): Promise<number> {
    while (this.#state === 'running' && this.#readable <= position) await this.#change();
    this.#throwFailure();
    return file.read(into.subarray(0, Math.max(0, this.#readable - position)), position);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** How far clients may read. */
  get #readable(): number {
    if (this.#state === 'done') return this.#size ?? 0;
    return Math.max(0, Math.min(this.#written, (this.#size ?? 0) - 1));
  }

  /** False when the upstream does not have it. An upstream that does not answer is not asked again. */
  async #download(): Promise<boolean> {
    for (let resumes = 0; ; resumes += 1) {
      const answer = await this.#ask();
      if (!answer) return false;
      try {
        await this.#take(answer);
        return true;
      } catch (fault) {
        if (resumes === mostResumes || !this.#mayResume(fault)) throw fault;
        this.#written = (await this.#order.blobs.incoming.size(this.#id)) ?? 0;
      }
    }
  }

  async #ask(): Promise<UpstreamBlob | undefined> {
    const { upstream, name, digest, signal } = this.#order;
    const answer = await upstream.getBlob(name, digest, this.#written, signal);
    const hasBegun = this.#written > 0 || this.#size !== undefined;
    if (!answer && hasBegun) throw this.#badAnswer('has it no more, in the middle of a download');
    return answer;
  }

  async #take({ from, size, body }: UpstreamBlob): Promise<void> {
    const { blobs, digest, signal } = this.#order;
    if (size !== undefined) this.#announce(size, body);
    await blobs.incoming.append(this.#id, skip(body, this.#written - from), {
      algorithm: algorithmOf(digest),
      signal,
      onGrowth: (grown) => {
        this.#written = grown;
        this.#wake();
      },
    });
  }

  /** A body that breaks off may go on, however little came of it; what is wrong here or there stays wrong. */
  #mayResume(fault: unknown): boolean {
    if (this.#order.signal.aborted || fault instanceof RegistryError) return false;
    return !(fault instanceof UpstreamFailure && fault.kind === 'bad-answer');
  }

  /** Readers were told the size and rely on it: it cannot change when a download goes on. */
  #announce(size: number, body: Readable): void {
    if (this.#size !== undefined && this.#size !== size) {
      body.destroy();
      throw this.#badAnswer(`says ${size} bytes now and said ${this.#size} before`);
    }
    this.#size = size;
    this.#wake();
  }

  #badAnswer(what: string, cause?: unknown): UpstreamFailure {
    const { repository, name, digest } = this.#order;
    return new UpstreamFailure(repository, 'bad-answer', `${name}@${digest}: the upstream ${what}`, {
      cause,
    });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}

/** `body` without its first `count` bytes, for an upstream that starts over when it is asked to go on. */
function skip(body: Readable, count: number): Readable {
  if (count <= 0) return body;
  let left = count;
  const rest = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      const piece = chunk.subarray(Math.min(left, chunk.byteLength));
      left -= chunk.byteLength - piece.byteLength;
      done(null, piece.byteLength > 0 ? piece : undefined);
    },
  });
  // It may break before the store has got to reading, which then finds the error; it must not end the process.
  rest.on('error', () => undefined);
  body.on('error', (fault) => rest.destroy(fault));
  rest.on('close', () => body.destroy());
  return body.pipe(rest);
}
