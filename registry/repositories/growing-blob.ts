import type { BlobReader, BlobStore } from '../blobs/index.ts';
import type { Digest } from '../model/index.ts';

type State = 'growing' | 'whole' | 'absent' | 'failed';

/**
 * A blob that is on its way, from which every client reads while it grows. The last byte is held back until whoever
 * fetches it says that the digest is right, so nobody takes wrong bytes for a whole blob.
 */
export class GrowingBlob {
  readonly digest: Digest;
  readonly #blobs: BlobStore;
  #id: string | undefined;
  #size: number | undefined;
  #written = 0;
  #state: State = 'growing';
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  constructor(digest: Digest, blobs: BlobStore) {
    this.digest = digest;
    this.#blobs = blobs;
  }

  /** In bytes, as soon as it is known; from then on it stays until all begins anew. */
  get size(): number | undefined {
    return this.#size;
  }

  /** True while a reader waits for more. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0;
  }

  /** Its bytes are those that come in under `id`; those under another one were dropped, and nobody reads on from them. */
  begin(id: string): void {
    if (this.#id !== undefined && this.#id !== id) {
      this.#size = undefined;
      this.#written = 0;
    }
    this.#id = id;
  }

  announce(size: number): void {
    this.#size = size;
    this.#wake();
  }

  grow(written: number): void {
    this.#written = written;
    this.#wake();
  }

  /** It is in the blob store. */
  finish(size: number): void {
    this.#size = size;
    this.#end('whole');
  }

  /** There is no such blob. */
  leaveOut(): void {
    this.#end('absent');
  }

  fail(fault: unknown): void {
    this.#failure = fault instanceof Error ? fault : new Error(String(fault));
    this.#end('failed');
  }

  /**
   * A reader, as soon as the size is known and something can be read: what goes wrong before that, as on a full disk,
   * can still be told. Undefined when there is no such blob. Throws what made it fail, or the signal's reason once that
   * fired, which ends the waiting and not the growth.
   */
  async open(signal: AbortSignal): Promise<BlobReader | undefined> {
    const wake = (): void => {
      this.#wake();
    };
    signal.addEventListener('abort', wake);
    try {
      while (this.#state === 'growing' && this.#readable === 0) {
        signal.throwIfAborted();
        await this.#change();
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
    this.#throwFailure();
    if (this.#state === 'absent' || this.#size === undefined) return undefined;
    const [id, size] = [this.#id, this.#size];
    const file = await this.#openFile();
    if (!file) {
      // It may have failed just now, which says more.
      this.#throwFailure();
      throw new Error(`${this.digest} went away while it was fetched`);
    }
    return {
      size,
      close: () => file.close(),
      read: (into, position) => this.#read(file, id, into, position),
    };
  }

  async #openFile(): Promise<BlobReader | undefined> {
    const growing = this.#id === undefined ? undefined : await this.#blobs.incoming.open(this.#id);
    return growing ?? this.#blobs.open(this.digest);
  }

  async #read(file: BlobReader, id: string | undefined, into: Uint8Array, position: number): Promise<number> {
    while (this.#state === 'growing' && this.#id === id && this.#readable <= position) await this.#change();
    this.#throwFailure();
    if (this.#id !== id) throw new Error(`${this.digest} is fetched anew: what came before was dropped`);
    return file.read(into.subarray(0, Math.max(0, this.#readable - position)), position);
  }

  /** How far clients may read. */
  get #readable(): number {
    if (this.#state === 'whole') return this.#size ?? 0;
    return Math.max(0, Math.min(this.#written, (this.#size ?? 0) - 1));
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #end(state: State): void {
    this.#state = state;
    this.#wake();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
