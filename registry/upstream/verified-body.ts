import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { algorithmOf, digestFrom, type Digest } from '../model/index.ts';

/**
 * Passes a blob on and holds its last piece back until the digest is right; `wrong` makes what it breaks off with
 * otherwise, so that whoever takes it never has all of a blob that is another one. `onBytes` is told of each piece.
 */
export class VerifiedBody extends Transform {
  readonly #digest: Digest;
  readonly #hash: Hash;
  readonly #wrong: (found: Digest) => Error;
  readonly #onBytes: (count: number) => void;
  #held: Buffer | undefined;

  constructor(digest: Digest, wrong: (found: Digest) => Error, onBytes: (count: number) => void) {
    super();
    this.#digest = digest;
    this.#hash = createHash(algorithmOf(digest));
    this.#wrong = wrong;
    this.#onBytes = onBytes;
  }

  override _transform(piece: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#hash.update(piece);
    this.#onBytes(piece.byteLength);
    const before = this.#held;
    this.#held = piece;
    done(null, before);
  }

  override _flush(done: TransformCallback): void {
    const found = digestFrom(algorithmOf(this.#digest), this.#hash.digest('hex'));
    if (found === this.#digest) done(null, this.#held);
    else done(this.#wrong(found));
  }
}
