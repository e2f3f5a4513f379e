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

  /** The body as it comes; destroying it closes the connection, and it breaks off with an UpstreamFailure. */
  stream(): Readable {
    return new Body(this.#parts.response.body, this.#parts.failure);
  }

  /** The whole body, at most `limit` bytes; throws UpstreamFailure. */
  async read(limit: number): Promise<Buffer> {
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of this.stream() as AsyncIterable<Buffer>) {
      pieces.push(piece);
      size += piece.length;
      if (size > limit) throw this.#tooLong(limit);
    }
    return Buffer.concat(pieces, size);
  }

  /** Gives the body up: a short one is read to its end in the background, so that the connection can be kept. */
  drop(): void {
    this.#parts.response.body.dump({ limit: 65_536 }).catch(() => undefined);
  }

  #tooLong(limit: number): UpstreamFailure {
    const message = `${this.url.host} sent more than ${limit} bytes where that is the most: check that it is a registry`;
    return new UpstreamFailure(this.#parts.upstream, 'bad-answer', message, { status: this.status });
  }
}

/** Hands the source's pieces on uncopied. Not a generator: one that waits for a stalled source cannot be destroyed. */
class Body extends Readable {
  readonly #source: Source;

  constructor(source: Source, failure: (cause: unknown) => Error) {
    super();
    this.#source = source;
    // It may break before its taker has got to reading; pipeline and iteration find the error then too.
    this.on('error', () => undefined);
    if (source.destroyed) this.destroy(failure(source.errored));
    source.on('error', (cause) => this.destroy(failure(cause)));
    source.on('end', () => this.push(null));
    source.on('data', (piece: Buffer) => {
      if (!this.push(piece)) source.pause();
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
}
