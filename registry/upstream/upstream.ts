import {
  isIndexType,
  parseReferrers,
  referenceText,
  referrersTag,
  type Digest,
  type Name,
  type Reference,
  type Referrer,
  type Tag,
} from '../model/index.ts';
import type { Answer } from './answer.ts';
import { blobHeaders, readBlob, readBlobHead, type UpstreamBlob, type UpstreamBlobHead } from './blobs.ts';
import type { Endpoint, Lane } from './endpoint.ts';
import { Endpoints } from './endpoints.ts';
import type { UpstreamFailure } from './failure.ts';
import {
  readHead,
  readManifest,
  takenTypes,
  type UpstreamManifest,
  type UpstreamManifestHead,
} from './manifests.ts';
import { readReferrers, referrersHeaders } from './referrers.ts';
import { refusal } from './refusal.ts';
import { SearchIndex, type SearchHit } from './search-index.ts';
import type { UpstreamSettings } from './settings.ts';
import { stateOf, type UpstreamState } from './state.ts';
import { readTags, tagsPerPage } from './tags.ts';
import type { Ask } from './transport.ts';

/**
 * One registry that a proxy repository reads from. Names are asked as they are given.
 * What asks for one thing answers undefined when the upstream says 404. All throw UpstreamFailure for anything that is
 * not a definite answer, and the signal's reason once that has fired. They may be called in any number at the same time.
 * An address that keeps failing is left alone for a growing pause; while no other answers, calls fail at once with the
 * kind of its last failure, and `retryAfter` says how long that lasts.
 */
export interface Upstream {
  /** What a reference names, by HEAD, which Docker Hub does not count against its limit. */
  headManifest(
    name: Name,
    reference: Reference,
    signal?: AbortSignal,
  ): Promise<UpstreamManifestHead | undefined>;
  /** A manifest of at most 8 MiB, its digest verified. */
  getManifest(name: Name, reference: Reference, signal?: AbortSignal): Promise<UpstreamManifest | undefined>;
  /** Whether a blob is there. */
  headBlob(name: Name, digest: Digest, signal?: AbortSignal): Promise<UpstreamBlobHead | undefined>;
  /** A blob from byte `from`, which must be less than its size; its body must be read or destroyed. */
  getBlob(
    name: Name,
    digest: Digest,
    from: number,
    signal?: AbortSignal,
  ): Promise<UpstreamDownload | undefined>;
  /** All tags of a name, in the upstream's order. */
  listTags(name: Name, signal?: AbortSignal): Promise<readonly Tag[] | undefined>;
  /**
   * What refers to a digest, whole and in the upstream's order; of an upstream without that API, what clients have
   * listed under the tag for it. Empty when neither is there.
   */
  listReferrers(name: Name, subject: Digest, signal?: AbortSignal): Promise<readonly Referrer[]>;
  /** What the index finds, at most `size` hits and never more than 100, the best first; nothing without an index. */
  search(query: string, size: number, signal?: AbortSignal): Promise<readonly SearchHit[]>;
  /** How its addresses do, and what was asked of them. */
  state(): UpstreamState;
  /**
   * The same upstream as whoever sent this Authorization header sees it. One that it does not know is as good as none, so
   * that nobody gets more than he could get himself where no credentials are configured.
   */
  as(authorization: string | undefined): Upstream;
  /** Ends every connection; bodies that are still read break off. */
  close(): Promise<void>;
}

/** A blob on its way from one of the addresses. */
export interface UpstreamDownload extends UpstreamBlob {
  /** Counts against that address that its body failed; for whoever takes the body, once at most. */
  report(failure: UpstreamFailure): void;
}

/** What HEAD of a manifest gets from registries that have none. */
const headUnknown: ReadonlySet<number> = new Set([400, 405, 501]);

/** An upstream; nothing is sent before the first call. Throws when it has no address. */
export function createUpstream(settings: UpstreamSettings): Upstream {
  return new HttpUpstream(settings);
}

/** Sends one request to the address at hand. */
type Send = (ask: Omit<Ask, 'signal' | 'until'>) => Promise<Answer>;

class HttpUpstream implements Upstream {
  readonly #name: string;
  readonly #endpoints: Endpoints;
  readonly #index: SearchIndex | undefined;
  readonly #manifestTypes: readonly string[];

  readonly #settings: UpstreamSettings;
  readonly #authorization: string | undefined;

  constructor(settings: UpstreamSettings, endpoints = new Endpoints(settings), authorization?: string) {
    this.#settings = settings;
    this.#authorization = authorization;
    this.#name = settings.name;
    this.#endpoints = endpoints;
    this.#index = settings.index && new SearchIndex(settings, settings.index);
    this.#manifestTypes = takenTypes(settings);
  }

  as(authorization: string | undefined): Upstream {
    return new HttpUpstream(this.#settings, this.#endpoints, authorization);
  }

  async headManifest(
    name: Name,
    reference: Reference,
    signal?: AbortSignal,
  ): Promise<UpstreamManifestHead | undefined> {
    const path = `manifests/${referenceText(reference)}`;
    const headers = { accept: this.#manifestTypes.join(', ') };
    return this.#ask('questions', name, signal, async (send, urlOf) => {
      const answer = await send({ method: 'HEAD', url: urlOf(path), headers });
      if (headUnknown.has(answer.status)) {
        answer.drop();
        return { digest: undefined, mediaType: '', size: undefined };
      }
      return this.#found(answer) && readHead(this.#name, this.#manifestTypes, answer, reference);
    });
  }

  async getManifest(
    name: Name,
    reference: Reference,
    signal?: AbortSignal,
  ): Promise<UpstreamManifest | undefined> {
    const path = `manifests/${referenceText(reference)}`;
    const headers = { accept: this.#manifestTypes.join(', ') };
    return this.#ask('manifests', name, signal, async (send, urlOf) => {
      const answer = this.#found(await send({ method: 'GET', url: urlOf(path), headers }));
      return answer && (await readManifest(this.#name, this.#manifestTypes, answer, reference));
    });
  }

  async headBlob(name: Name, digest: Digest, signal?: AbortSignal): Promise<UpstreamBlobHead | undefined> {
    return this.#ask('questions', name, signal, async (send, urlOf) => {
      const answer = this.#found(await send({ method: 'HEAD', url: urlOf(`blobs/${digest}`), headers: {} }));
      return answer && readBlobHead(this.#name, answer, digest);
    });
  }

  async getBlob(
    name: Name,
    digest: Digest,
    from: number,
    signal?: AbortSignal,
  ): Promise<UpstreamDownload | undefined> {
    return this.#ask('downloads', name, signal, async (send, urlOf, endpoint) => {
      const url = urlOf(`blobs/${digest}`);
      const sent = await send({ method: 'GET', url, headers: blobHeaders(from), bulk: true });
      const answer = this.#found(sent, from > 0 ? [200, 206] : [200]);
      if (!answer) return undefined;
      const report = (failure: UpstreamFailure): void => {
        endpoint.report(failure);
      };
      return { ...readBlob(this.#name, answer, digest, from), report };
    });
  }

  async listTags(name: Name, signal?: AbortSignal): Promise<readonly Tag[] | undefined> {
    return this.#ask('questions', name, signal, (send, urlOf) =>
      readTags(this.#name, urlOf(`tags/list?n=${tagsPerPage}`), async (url) =>
        this.#found(await send({ method: 'GET', url, headers: {} })),
      ),
    );
  }

  async listReferrers(name: Name, subject: Digest, signal?: AbortSignal): Promise<readonly Referrer[]> {
    const listed = await this.#ask('questions', name, signal, (send, urlOf) =>
      readReferrers(this.#name, urlOf(`referrers/${subject}`), (url) =>
        send({ method: 'GET', url, headers: referrersHeaders }),
      ),
    );
    if (listed) return listed;
    const tagged = await this.getManifest(name, { tag: referrersTag(subject) }, signal);
    return tagged && isIndexType(tagged.mediaType) ? (parseReferrers(tagged.bytes) ?? []) : [];
  }

  async search(query: string, size: number, signal?: AbortSignal): Promise<readonly SearchHit[]> {
    return this.#index && size > 0 ? this.#index.search(query, size, signal) : [];
  }

  state(): UpstreamState {
    return stateOf(this.#endpoints.all, this.#index?.endpoint);
  }

  async close(): Promise<void> {
    await Promise.all([this.#endpoints.close(), this.#index?.endpoint.close()]);
  }

  /** Does work about `name` with the first address that answers. */
  async #ask<T>(
    lane: Lane,
    name: Name,
    signal: AbortSignal | undefined,
    work: (send: Send, urlOf: (path: string) => URL, endpoint: Endpoint) => Promise<T>,
  ): Promise<T> {
    return this.#endpoints.use(lane, signal, (endpoint, until) => {
      const send: Send = (ask) => endpoint.client.send({ ...ask, signal, until }, name, this.#authorization);
      return work(send, (path) => new URL(`${endpoint.root}/v2/${name}/${path}`), endpoint);
    });
  }

  /** The answer, or undefined when it says that there is no such thing; throws for what is neither. */
  #found(answer: Answer, accepted: readonly number[] = [200]): Answer | undefined {
    if (accepted.includes(answer.status)) return answer;
    if (answer.status !== 404) throw refusal(this.#name, answer);
    answer.drop();
    return undefined;
  }
}
