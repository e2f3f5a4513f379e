import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { UpstreamFailure } from './failure.ts';

type Source = Dispatcher.ResponseData['body'];

/** What an answer is made of; `failure` puts an error of the connection into our words. */
interface AnswerParts {
  readonly upstream: string;
  readonly url: URL;
  readonly response: Dispatcher.ResponseData;
  readonly failure: (cause: unknown) => Error;
  readonly onBytes: (count: number) => void;
  /** The body is taken as a stream, which may last. */
  readonly onStream: () => void;
}

/** What a body must be, in bytes: `exactly` so much where that is known, and `most` at most. */
export interface BodyBounds {
  readonly exactly?: number | undefined;
  readonly most?: number | undefined;
}

/**
 * The answer to one request, after redirects. Its connection is taken until `stream` has ended, `read` has fulfilled or
 * `drop` was called, one of which must happen; `drop` may be called again.
 */
export class Answer {
  readonly status: number;
  /** Where it came from. */
  readonly url: URL;
  readonly #parts: AnswerParts;

  constructor(parts: AnswerParts) {
    this.#parts = parts;
    this.status = parts.response.statusCode;
    this.url = parts.url;
    // An answer that breaks before its body is taken must not end the process; `stream` asks for the error.
    parts.response.body.on('error', () => undefined);
  }

  /** A header by its lower-case name; several are joined as one list. RFC 9110 5.3. */
  header(name: string): string | undefined {
    const value = this.#parts.response.headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  }

  /** Content-Length in bytes, when there is a sound one. */
  get length(): number | undefined {
    const text = this.header('content-length') ?? '';
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  }

  /**
   * The body as it comes, for as long as it moves; destroying it closes the connection. It breaks off with an
   * UpstreamFailure, and gives no byte beyond its bounds.
   */
  stream(bounds: BodyBounds = {}): Readable {
    this.#parts.onStream();
    return this.#body(bounds);
  }

  /** The whole body, at most `limit` bytes, while there is time; throws UpstreamFailure. */
  async read(limit: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for await (const piece of this.#body({ most: limit }) as AsyncIterable<Buffer>) pieces.push(piece);
    return Buffer.concat(pieces);
  }

  /** Gives the body up: a short one is read to its end in the background, so that the connection can be kept. */
  drop(): void {
    this.#parts.response.body.dump({ limit: 65_536 }).catch(() => undefined);
  }

  #body({ exactly, most = Infinity }: BodyBounds): Readable {
    const { upstream, response, failure, onBytes } = this.#parts;
    const limit = Math.min(exactly ?? Infinity, most);
    const tooLong = (): UpstreamFailure => {
      const message = `${this.url.host} sent more than ${limit} bytes where that is the most: check that it is a registry`;
      return new UpstreamFailure(upstream, 'bad-answer', message, { status: this.status });
    };
    const tooShort = (size: number): UpstreamFailure => {
      const message = `${this.url.host} sent ${size} of ${limit} bytes and ended: try again`;
      return new UpstreamFailure(upstream, 'unreachable', message, { status: this.status });
    };
    return new Body(response.body, {
      failure,
      onBytes,
      tooMuch: (size) => (size > limit ? tooLong() : undefined),
      tooLittle: (size) => (size < (exactly ?? 0) ? tooShort(size) : undefined),
    });
  }
}

/** What a body asks and tells while it comes; `size` is how much of it came, in bytes. */
interface BodyWatch {
  readonly failure: (cause: unknown) => Error;
  readonly onBytes: (count: number) => void;
  readonly tooMuch: (size: number) => Error | undefined;
  readonly tooLittle: (size: number) => Error | undefined;
}

/** Hands the source's pieces on uncopied. Not a generator: one that waits for a stalled source cannot be destroyed. */
class Body extends Readable {
  readonly #source: Source;
  readonly #watch: BodyWatch;
  #size = 0;

  constructor(source: Source, watch: BodyWatch) {
    super();
    this.#source = source;
    this.#watch = watch;
    // It may break before its taker has got to reading; pipeline and iteration find the error then too.
    this.on('error', () => undefined);
    if (source.destroyed) this.destroy(watch.failure(source.errored));
    source.on('error', (cause) => this.destroy(watch.failure(cause)));
    source.on('end', () => {
      this.#finish(watch.tooLittle(this.#size));
    });
    source.on('data', (piece: Buffer) => {
      this.#take(piece);
    });
    source.pause();
  }

  override _read(): void {
    this.#source.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#source.destroy();
    done(error);
  }

  #take(piece: Buffer): void {
    this.#size += piece.length;
    this.#watch.onBytes(piece.length);
    const fault = this.#watch.tooMuch(this.#size);
    if (fault) this.destroy(fault);
    else if (!this.push(piece)) this.#source.pause();
  }

  #finish(fault: Error | undefined): void {
    if (fault) this.destroy(fault);
    else this.push(null);
  }
}
