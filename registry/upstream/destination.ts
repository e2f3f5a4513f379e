import { pipeline, type Readable } from 'node:stream';
import { referenceText, type Digest, type Name, type Reference } from '../model/index.ts';
import { Answer } from './answer.ts';
import { Connections, type Sending } from './connections.ts';
import { failureOf, UpstreamFailure } from './failure.ts';
import { pushRefusal, PushRefusal } from './push-refusal.ts';
import type { ClientSettings } from './settings.ts';
import { uploadLocation } from './upload-location.ts';
import { VerifiedBody } from './verified-body.ts';

/** How long nothing may move while a blob is sent, in ms. */
const stallTime = 120_000;
/** How long a registry may take to put a large blob together that it has all of, in ms. */
const closingTime = 1_800_000;

/** A blob that is to be pushed; `size` in bytes where it is known. */
export interface PushedBlob {
  readonly name: Name;
  readonly digest: Digest;
  readonly size: number | undefined;
}

/**
 * A registry that content is pushed to. All may be called in any number at the same time. They throw PushRefusal when it
 * says no, UpstreamFailure when it gives no answer, and the signal's reason once that has fired. Nothing is sent twice.
 */
export interface Destination {
  /**
   * Makes it have a blob: by a mount where it can, else with the bytes of `open`, which is called at most once and whose
   * stream is destroyed when it is not read to its end. The digest is verified before the last byte goes out.
   */
  pushBlob(
    blob: PushedBlob,
    open: () => Promise<Readable>,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  pushManifest(
    name: Name,
    reference: Reference,
    manifest: { readonly mediaType: string; readonly bytes: Uint8Array },
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<void>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** A destination; nothing is sent before the first call. */
export function createDestination(settings: ClientSettings): Destination {
  return new HttpDestination(settings);
}

class HttpDestination implements Destination {
  readonly #settings: ClientSettings;
  readonly #connections: Connections;
  readonly #root: string;

  constructor(settings: ClientSettings) {
    this.#settings = settings;
    this.#connections = new Connections(settings);
    this.#root = `${settings.url.origin}${settings.url.pathname.replace(/\/+$/, '')}`;
  }

  async pushBlob(
    blob: PushedBlob,
    open: () => Promise<Readable>,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const session = await this.#begin(blob, authorization, signal);
    if (!session) return;
    const watch = new Watch(signal, () => this.#stalled());
    try {
      const body = await open();
      await this.#send(session, blob, body, authorization, watch);
    } catch (fault) {
      await this.#cancel(session, authorization);
      throw signal.aborted ? (signal.reason as Error) : fault;
    } finally {
      watch.end();
    }
  }

  async pushManifest(
    name: Name,
    reference: Reference,
    { mediaType, bytes }: { mediaType: string; bytes: Uint8Array },
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const url = this.#url(`${name}/manifests/${referenceText(reference)}`);
    const headers = { ...authorized(authorization), 'content-type': mediaType };
    const answer = await this.#request(url, { method: 'PUT', headers, body: bytes, signal });
    if (answer.status < 200 || answer.status > 299) throw await pushRefusal(answer);
    answer.drop();
  }

  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** Where the bytes are to be sent; undefined when a mount has made them unnecessary. */
  async #begin(
    { name, digest }: PushedBlob,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<URL | undefined> {
    const post = (query: string): Promise<Answer> =>
      this.#request(this.#url(`${name}/blobs/uploads/${query}`), {
        method: 'POST',
        headers: { ...authorized(authorization), 'content-length': '0' },
        signal,
      });
    // The same request begins an upload where there is nothing to mount. OCI distribution-spec 1.1, end-11.
    let answer = await post(`?mount=${encodeURIComponent(digest)}&from=${encodeURIComponent(name)}`);
    if (answer.status === 201) {
      answer.drop();
      return undefined;
    }
    if (answer.status >= 400 && answer.status < 500 && ![401, 403, 429].includes(answer.status)) {
      answer.drop();
      answer = await post('');
    }
    if (answer.status !== 202) throw await pushRefusal(answer);
    answer.drop();
    const where = uploadLocation(answer.header('location') ?? '', this.#settings.url);
    if (where) return where;
    throw this.#failure(
      'bad-answer',
      'began an upload and named no place for it: check that it is a registry',
    );
  }

  async #send(
    session: URL,
    { name, digest, size }: PushedBlob,
    source: Readable,
    authorization: string | undefined,
    watch: Watch,
  ): Promise<void> {
    const wrong = (found: Digest): UpstreamFailure =>
      this.#failure('bad-answer', `was not sent ${name}@${digest}: what came for it is ${found}`);
    const body = new VerifiedBody(digest, wrong, () => {
      watch.moved();
    });
    let broken: unknown;
    pipeline(source, body, (fault) => {
      // With the source's own error; the connection's is only a consequence of it.
      if (fault) broken ??= fault;
      watch.sent();
    });
    const url = new URL(session);
    url.searchParams.set('digest', digest);
    const length = size === undefined ? {} : { 'content-length': String(size) };
    const headers = {
      ...authorized(authorization),
      ...length,
      'content-type': 'application/octet-stream',
    };
    try {
      const { signal } = watch;
      const sending = { method: 'PUT', headers, body, signal, headersTimeout: closingTime } as const;
      const answer = await this.#request(url, sending);
      if (answer.status < 200 || answer.status > 299) throw await pushRefusal(answer);
      answer.drop();
    } catch (fault) {
      if (fault instanceof PushRefusal) throw fault;
      throw broken instanceof Error && broken.name !== 'AbortError' && !isPremature(broken) ? broken : fault;
    } finally {
      body.destroy();
      source.destroy();
    }
  }

  /** Nobody goes on with it; a registry that does not know this expires the upload by itself. */
  async #cancel(session: URL, authorization: string | undefined): Promise<void> {
    const signal = AbortSignal.timeout(5_000);
    const answer = await this.#request(session, {
      method: 'DELETE',
      headers: authorized(authorization),
      signal,
    }).catch(() => undefined);
    answer?.drop();
  }

  async #request(url: URL, sending: Sending): Promise<Answer> {
    const { name, userAgent = 'dockgate' } = this.#settings;
    const failure = (cause: unknown): Error => {
      if (sending.signal.aborted) return sending.signal.reason as Error;
      if (cause instanceof UpstreamFailure) return cause;
      return failureOf(name, { host: url.host, proxy: this.#connections.proxyFor(url)?.host }, cause);
    };
    const headers = { 'user-agent': userAgent, ...sending.headers };
    try {
      const response = await this.#connections.request({ url, headers }, { ...sending, headers });
      return new Answer({
        upstream: name,
        url,
        response,
        failure,
        onBytes: () => undefined,
        onStream: () => undefined,
      });
    } catch (cause) {
      throw failure(cause);
    }
  }

  #url(path: string): URL {
    return new URL(`${this.#root}/v2/${path}`);
  }

  #stalled(): UpstreamFailure {
    return this.#failure(
      'timeout',
      `took or gave nothing of a blob for ${stallTime / 1000} s: try again later`,
    );
  }

  #failure(kind: 'bad-answer' | 'timeout', what: string): UpstreamFailure {
    const { name, url } = this.#settings;
    return new UpstreamFailure(name, kind, `${url.host} ${what}`);
  }
}

function authorized(authorization: string | undefined): Record<string, string> {
  return authorization === undefined ? {} : { authorization };
}

/** What a stream says when the other end of a pipeline went first. */
function isPremature(fault: Error): boolean {
  return 'code' in fault && fault.code === 'ERR_STREAM_PREMATURE_CLOSE';
}

/** Fires when a transfer in which nothing moves is to be ended, and with the signal that it was made with. */
class Watch {
  readonly #stop = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly signal: AbortSignal;

  constructor(outer: AbortSignal, late: () => Error) {
    this.signal = AbortSignal.any([outer, this.#stop.signal]);
    this.#timer = setTimeout(() => {
      this.#stop.abort(late());
    }, stallTime);
  }

  moved(): void {
    this.#timer.refresh();
  }

  /** All is sent; how long the other side may think is another limit. */
  sent(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
