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
import { Client } from './client.ts';
import {
  readHead,
  readManifest,
  takenTypes,
  type UpstreamManifest,
  type UpstreamManifestHead,
} from './manifests.ts';
import { readReferrers, referrersHeaders } from './referrers.ts';
import { refusal } from './refusal.ts';
import type { UpstreamSettings } from './settings.ts';
import { mostTagPages, noTags, readTagPage, tagsPerPage } from './tags.ts';
import type { Ask } from './transport.ts';

/**
 * One registry that a proxy repository reads from. Names are asked as they are given.
 * Every method but `listReferrers` answers undefined when the upstream says 404. All throw UpstreamFailure for anything
 * that is not a definite answer, and the signal's reason once that has fired. They may be called in any number at the
 * same time.
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
  getBlob(name: Name, digest: Digest, from: number, signal?: AbortSignal): Promise<UpstreamBlob | undefined>;
  /** All tags of a name, in the upstream's order. */
  listTags(name: Name, signal?: AbortSignal): Promise<readonly Tag[] | undefined>;
  /**
   * What refers to a digest, whole and in the upstream's order; of an upstream without that API, what clients have
   * listed under the tag for it. Empty when neither is there.
   */
  listReferrers(name: Name, subject: Digest, signal?: AbortSignal): Promise<readonly Referrer[]>;
  /** Ends every connection; bodies that are still read break off. */
  close(): Promise<void>;
}

/** What HEAD of a manifest gets from registries that have none. */
const headUnknown: ReadonlySet<number> = new Set([400, 405, 501]);

/** An upstream; nothing is sent before the first call. */
export function createUpstream(settings: UpstreamSettings): Upstream {
  return new HttpUpstream(settings);
}

class HttpUpstream implements Upstream {
  readonly #name: string;
  readonly #base: string;
  readonly #client: Client;
  readonly #manifestTypes: readonly string[];

  constructor(settings: UpstreamSettings) {
    const [url] = settings.urls;
    if (!url) throw new Error(`${settings.name} has no address`);
    this.#name = settings.name;
    this.#base = `${url.origin}${url.pathname.replace(/\/+$/, '')}/v2`;
    this.#client = new Client({ ...settings, url });
    this.#manifestTypes = takenTypes(settings);
  }

  async headManifest(
    name: Name,
    reference: Reference,
    signal?: AbortSignal,
  ): Promise<UpstreamManifestHead | undefined> {
    const url = this.#url(name, `manifests/${referenceText(reference)}`);
    const headers = { accept: this.#manifestTypes.join(', ') };
    const answer = await this.#client.send({ method: 'HEAD', url, headers, signal }, name);
    if (headUnknown.has(answer.status)) {
      answer.drop();
      return { digest: undefined, mediaType: '', size: undefined };
    }
    return this.#found(answer) && readHead(this.#name, this.#manifestTypes, answer, reference);
  }

  async getManifest(
    name: Name,
    reference: Reference,
    signal?: AbortSignal,
  ): Promise<UpstreamManifest | undefined> {
    const url = this.#url(name, `manifests/${referenceText(reference)}`);
    const headers = { accept: this.#manifestTypes.join(', ') };
    const answer = await this.#send({ method: 'GET', url, headers, signal }, name);
    return answer && (await readManifest(this.#name, this.#manifestTypes, answer, reference));
  }

  async headBlob(name: Name, digest: Digest, signal?: AbortSignal): Promise<UpstreamBlobHead | undefined> {
    const url = this.#url(name, `blobs/${digest}`);
    const answer = await this.#send({ method: 'HEAD', url, headers: {}, signal }, name);
    return answer && readBlobHead(this.#name, answer, digest);
  }

  async getBlob(
    name: Name,
    digest: Digest,
    from: number,
    signal?: AbortSignal,
  ): Promise<UpstreamBlob | undefined> {
    const url = this.#url(name, `blobs/${digest}`);
    const ask: Ask = { method: 'GET', url, headers: blobHeaders(from), signal, bulk: true };
    const answer = await this.#send(ask, name, from > 0 ? [200, 206] : [200]);
    return answer && readBlob(this.#name, answer, digest, from);
  }

  async listTags(name: Name, signal?: AbortSignal): Promise<readonly Tag[] | undefined> {
    const tags: Tag[] = [];
    let url: URL | undefined = this.#url(name, `tags/list?n=${tagsPerPage}`);
    for (let pages = 0; url && pages < mostTagPages; pages += 1) {
      const answer = await this.#send({ method: 'GET', url, headers: {}, signal }, name);
      if (!answer) return undefined;
      const page = await readTagPage(this.#name, answer, url);
      tags.push(...page.tags);
      url = page.next;
    }
    if (url) throw noTags(this.#name, url, `has a list of tags that does not end`);
    return tags;
  }

  async listReferrers(name: Name, subject: Digest, signal?: AbortSignal): Promise<readonly Referrer[]> {
    const url = this.#url(name, `referrers/${subject}`);
    const listed = await readReferrers(this.#name, url, (page) =>
      this.#client.send({ method: 'GET', url: page, headers: referrersHeaders, signal }, name),
    );
    if (listed) return listed;
    const tagged = await this.getManifest(name, { tag: referrersTag(subject) }, signal);
    return tagged && isIndexType(tagged.mediaType) ? (parseReferrers(tagged.bytes) ?? []) : [];
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  #url(name: Name, rest: string): URL {
    return new URL(`${this.#base}/${name}/${rest}`);
  }

  async #send(ask: Ask, name: Name, accepted?: readonly number[]): Promise<Answer | undefined> {
    return this.#found(await this.#client.send(ask, name), accepted);
  }

  /** The answer, or undefined when it says that there is no such thing; throws for what is neither. */
  #found(answer: Answer, accepted: readonly number[] = [200]): Answer | undefined {
    if (accepted.includes(answer.status)) return answer;
    if (answer.status !== 404) throw refusal(this.#name, answer);
    answer.drop();
    return undefined;
  }
}
