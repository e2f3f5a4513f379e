import type { BlobStore } from '../blobs/index.ts';
import type { Metadata, Place } from '../metadata/index.ts';
import {
  cutPage,
  type Digest,
  type Name,
  type Page,
  type PageOf,
  type Reference,
  type Referrer,
  type Tag,
} from '../model/index.ts';
import type { SearchHit, Upstream } from '../upstream/index.ts';
import { AddressedProxy } from './addressed-proxy.ts';
import type { MemberAnswer } from './explain.ts';
import type { Fills } from './fills.ts';
import { LocalContent } from './local-content.ts';
import { mergePages } from './merge-pages.ts';
import type { PrivateNames } from './private-names.ts';
import { ProxyBlobs } from './proxy-blobs.ts';
import { explainProxy } from './proxy-explain.ts';
import { ProxyManifests, type CachedManifest } from './proxy-manifests.ts';
import { ProxyNames } from './proxy-names.ts';
import { ProxySearch } from './proxy-search.ts';
import type {
  FoundBlob,
  FoundManifest,
  ListedTags,
  OpenedBlob,
  Reach,
  ReadableRepository,
  Source,
} from './repository.ts';
import type { ProxySettings } from './settings.ts';
import { UpstreamLists } from './upstream-lists.ts';

/** What a proxy works with. */
export interface ProxyParts {
  readonly metadata: Pick<Metadata, 'images' | 'absences' | 'claims' | 'blocks'>;
  readonly blobs: BlobStore;
  readonly upstream: Upstream;
  readonly fills: Fills;
  /** What must not be asked of any upstream. */
  readonly privateNames: PrivateNames;
  /** Told of what clients pull, so that eviction knows what is in use. */
  readonly onPull: (place: Place, digest: Digest) => void;
  /** Ends what is asked of the upstream when the engine closes. */
  readonly signal: AbortSignal;
  /** Told of every fault that no client may have seen. */
  readonly onFault: (fault: unknown) => void;
}

/** Clients that get no header within 30 s give up; the rest is ours for answering. In ms. */
const mostPatience = 25_000;

/** A pull-through cache of one upstream registry. */
export class ProxyRepository implements ReadableRepository {
  readonly repository: string;
  readonly holders: readonly string[];
  readonly settings: ProxySettings;
  readonly names: ProxyNames;
  readonly #parts: ProxyParts;
  readonly #content: LocalContent;
  readonly #manifests: ProxyManifests;
  readonly #blobs: ProxyBlobs;
  readonly #referrers: UpstreamLists<Referrer>;
  readonly #tags: UpstreamLists<Tag>;
  readonly #search: ProxySearch;

  constructor(repository: string, settings: ProxySettings, parts: ProxyParts) {
    const { metadata, upstream, signal, onFault } = parts;
    const patience = Math.min(mostPatience, settings.connectTimeout + settings.headersTimeout);
    this.repository = repository;
    this.holders = [repository];
    this.settings = settings;
    this.names = new ProxyNames(repository, settings, (name) => parts.privateNames.has(name));
    this.#parts = parts;
    this.#content = new LocalContent(metadata.images);
    this.#manifests = new ProxyManifests({ metadata, upstream, settings, patience, onFault });
    this.#blobs = new ProxyBlobs({ ...parts, patience });
    const lists = { repository, maxAge: settings.tagMaxAge, patience: patience / 2, signal, onFault };
    this.#referrers = new UpstreamLists(lists);
    this.#tags = new UpstreamLists(lists);
    this.#search = new ProxySearch(lists, parts, this.names);
  }

  placesOf(name: Name): readonly Place[] {
    return this.names.placesOf(name);
  }

  async findManifest(name: Name, reference: Reference, reach: Reach): Promise<FoundManifest | undefined> {
    const held = await this.#content.findManifest(this.placesOf(name), reference);
    if (held && reach === 'anywhere') this.#parts.onPull(held.place, held.digest);
    const isEnough = held && this.#manifests.isFresh(reference, held);
    if (isEnough || !(await this.#mayAsk(name, reach))) return held && this.#found({ ...held, asked: false });
    const found = await this.#manifests.ask(this.names.placeOf(name), reference, held);
    return found && this.#found(found);
  }

  async findBlob(name: Name, digest: Digest, reach: Reach): Promise<FoundBlob | undefined> {
    const held = await this.#content.findBlob(this.placesOf(name), digest);
    if (held) return { size: held.size, ...this.#source('cache', held.heldAt) };
    if (!(await this.#mayAsk(name, reach))) return undefined;
    const size = await this.#blobs.measure(this.names.placeOf(name), digest);
    return size === undefined ? undefined : { size, ...this.#source('upstream') };
  }

  async openBlob(name: Name, digest: Digest, reach: Reach): Promise<OpenedBlob | undefined> {
    const held = await this.#content.findBlob(this.placesOf(name), digest);
    const reader = held && (await this.#parts.blobs.open(digest));
    if (reader) {
      this.#parts.onPull(held.place, digest);
      return { ...this.#source('cache', held.heldAt), reader };
    }
    if (!(await this.#mayAsk(name, reach))) return undefined;
    const reading = await this.#blobs.open(this.names.placeOf(name), digest);
    return reading && { reader: reading, ...this.#source('upstream') };
  }

  async listTags(name: Name, page: Page, reach: Reach): Promise<ListedTags | undefined> {
    const held = await this.#content.listTags(this.placesOf(name), page);
    if (this.settings.tags === 'cached' || !(await this.#mayAsk(name, reach))) return held;
    const own = this.names.placeOf(name).name;
    const { entries, failure } = await this.#tags.get(own, (signal) =>
      this.#parts.upstream.listTags(own, signal),
    );
    if (failure && !held && !entries) throw failure;
    const listed = entries && cutPage([...new Set(entries)].sort(), page, (tag) => tag);
    const pages = [held, listed].filter((each) => each !== undefined);
    if (pages.length === 0) return undefined;
    return { ...mergePages(pages, page), ...(failure && { incomplete: failure.message }) };
  }

  listNames(page: Page): Promise<PageOf<Name>> {
    return this.#content.listNames(this.repository, page);
  }

  async listReferrers(name: Name, subject: Digest, reach: Reach): Promise<readonly Referrer[]> {
    const { upstream } = this.#parts;
    const own = this.names.placeOf(name).name;
    const known = (await this.#mayAsk(name, reach))
      ? await this.#referrers.get(`${own} ${subject}`, (signal) =>
          upstream.listReferrers(own, subject, signal),
        )
      : undefined;
    return this.#content.listReferrers(this.placesOf(name), subject, known?.entries);
  }

  async searchUpstreams(query: string, size: number): Promise<readonly SearchHit[]> {
    const { metadata, privateNames } = this.#parts;
    if (this.settings.offline || (await metadata.blocks.isBlocked(this.repository))) return [];
    return (await privateNames.areIn(query)) ? [] : this.#search.find(query, size);
  }

  async explain(name: Name, reference: Reference): Promise<readonly MemberAnswer[]> {
    const { upstream, metadata } = this.#parts;
    const answer = await explainProxy(
      {
        repository: this.repository,
        names: this.names,
        content: this.#content,
        isServedAtOnce: (held) => this.#manifests.isServedAtOnce(reference, held),
        isAbsent: (place, text) => metadata.absences.has(place, text, Date.now()),
        block: async () => (await metadata.blocks.list()).find((each) => each.repository === this.repository),
        upstream,
      },
      name,
      reference,
    );
    return [answer];
  }

  within(namespace: string): ReadableRepository | undefined {
    const { prefix, upstreams } = this.settings;
    const isOurs = prefix === namespace || upstreams.some((each) => each.host === namespace);
    return isOurs ? new AddressedProxy(this, (name) => this.names.prefixed(name)) : undefined;
  }

  async #mayAsk(name: Name, reach: Reach): Promise<boolean> {
    if (reach === 'local' || !this.names.admit(name).mayAsk) return false;
    return !(await this.#parts.metadata.blocks.isBlocked(this.repository));
  }

  #found({ asked, ...held }: CachedManifest): FoundManifest {
    return {
      ...held,
      ...this.#source(asked && held.stale === undefined ? 'upstream' : 'cache', held.confirmedAt),
    };
  }

  #source(from: Source['from'], since = Date.now()): Source {
    const age = Math.max(0, Math.floor((Date.now() - since) / 1000));
    return { member: this.repository, from, age };
  }
}
