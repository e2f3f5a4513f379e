import type { Hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';

/** Sockets give some 16 KiB at a time; pieces of this size cost half the processor time when they are written. */
const pieceSize = 1024 * 1024;
/** A client that sends byte by byte must not make a million buffers of a piece; a kernel takes this many at once. */
const mostBuffers = 1024;
/** So many writes bring the first bytes to whoever waits for them; each is one turn of the event loop. */
const firstWrites = 16;
/** What may pile up while somebody waits for what came before. */
const patience = 64 * 1024;

/**
 * Hashes and writes what flows through it, from `position` on. One piece is on its way to the file while the next is
 * gathered, so at most two are in memory. With `onGrowth` a piece is written as soon as the file is free, whatever its
 * size: somebody is waiting for the bytes. For the first of them what follows stands back: to decrypt and hash all that
 * a fast sender has would keep the event loop from the file for tens of ms.
 */
export class HashingWriter extends Writable {
  readonly #file: FileHandle;
  readonly #hash: Hash;
  readonly #onGrowth: ((size: number) => void) | undefined;
  #position: number;
  #firstWrites: number;
  #gathered: Uint8Array[] = [];
  #gatheredSize = 0;
  #writing: Promise<void> | undefined;
  #fault: Error | undefined;

  constructor(file: FileHandle, position: number, hash: Hash, onGrowth?: (size: number) => void) {
    super({ highWaterMark: onGrowth ? patience : pieceSize });
    this.#file = file;
    this.#position = position;
    this.#hash = hash;
    this.#onGrowth = onGrowth;
    this.#firstWrites = onGrowth ? firstWrites : 0;
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: (fault?: Error | null) => void): void {
    this.#hash.update(chunk);
    this.#gathered.push(chunk);
    this.#gatheredSize += chunk.byteLength;
    if (!this.#writing && (this.#onGrowth || this.#isFull)) this.#start();
    if (this.#isFull) this.#waitForRoom(done);
    else if (this.#writing && this.#firstWrites > 0) this.#waitForWrite(this.#writing, done);
    else done(this.#fault);
  }

  override _final(done: (fault?: Error | null) => void): void {
    if (!this.#fault && this.#gatheredSize > 0 && !this.#writing) this.#start();
    if (this.#writing)
      void this.#writing.then(() => {
        this._final(done);
      });
    else done(this.#fault);
  }

  override _destroy(fault: Error | null, done: (fault?: Error | null) => void): void {
    // The file must not be closed under a running write; and what came before a body broke off is kept.
    if (!this.#writing && !this.#fault && this.#gatheredSize > 0) this.#start();
    if (this.#writing)
      void this.#writing.then(() => {
        this._destroy(fault, done);
      });
    else done(fault);
  }

  get #isFull(): boolean {
    return this.#gatheredSize >= pieceSize || this.#gathered.length >= mostBuffers;
  }

  #waitForWrite(writing: Promise<void>, done: (fault?: Error | null) => void): void {
    this.#firstWrites -= 1;
    void writing.then(() => {
      done(this.#fault);
    });
  }

  #waitForRoom(done: (fault?: Error | null) => void): void {
    void (this.#writing ?? Promise.resolve()).then(() => {
      if (!this.#writing && !this.#fault && this.#isFull) this.#start();
      done(this.#fault);
    });
  }

  #start(): void {
    const pieces = this.#gathered;
    this.#gathered = [];
    this.#gatheredSize = 0;
    this.#writing = this.#write(pieces).then(
      () => {
        this.#writing = undefined;
        this.#onGrowth?.(this.#position);
        if (this.#onGrowth && this.#gatheredSize > 0 && !this.destroyed) this.#start();
      },
      (fault: unknown) => {
        this.#writing = undefined;
        this.#fault = fault instanceof Error ? fault : new Error(String(fault));
        this.destroy(this.#fault);
      },
    );
  }

  /** A kernel may write less than it was given. */
  async #write(pieces: Uint8Array[]): Promise<void> {
    let rest = pieces;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#file.writev(rest, this.#position);
      this.#position += bytesWritten;
      rest = dropFirst(rest, bytesWritten);
    }
  }
}

function dropFirst(pieces: Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let at = 0;
  for (const piece of pieces) {
    if (left < piece.byteLength) break;
    left -= piece.byteLength;
    at += 1;
  }
  const [first, ...others] = pieces.slice(at);
  return first ? [first.subarray(left), ...others] : [];
}
