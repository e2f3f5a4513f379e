import type { Place } from '../metadata/index.ts';
import type { Digest, Name, Page, PageOf, Reference, Referrer } from '../model/index.ts';
import type { SearchHit } from '../upstream/index.ts';
import type { MemberAnswer } from './explain.ts';
import type {
  FoundBlob,
  FoundManifest,
  ListedTags,
  OpenedBlob,
  Reach,
  ReadableRepository,
} from './repository.ts';

/** A proxy as it is read by who has named its upstream beside the name: every name is as good as prefixed. */
export class AddressedProxy implements ReadableRepository {
  readonly repository: string;
  readonly holders: readonly string[];
  readonly #proxy: ReadableRepository;
  readonly #full: (name: Name) => Name;

  /** `full` puts the prefix before a name. */
  constructor(proxy: ReadableRepository, full: (name: Name) => Name) {
    this.repository = proxy.repository;
    this.holders = proxy.holders;
    this.#proxy = proxy;
    this.#full = full;
  }

  placesOf(name: Name): readonly Place[] {
    return this.#proxy.placesOf(this.#full(name));
  }

  findManifest(name: Name, reference: Reference, reach: Reach): Promise<FoundManifest | undefined> {
    return this.#proxy.findManifest(this.#full(name), reference, reach);
  }

  findBlob(name: Name, digest: Digest, reach: Reach): Promise<FoundBlob | undefined> {
    return this.#proxy.findBlob(this.#full(name), digest, reach);
  }

  openBlob(name: Name, digest: Digest, reach: Reach): Promise<OpenedBlob | undefined> {
    return this.#proxy.openBlob(this.#full(name), digest, reach);
  }

  listTags(name: Name, page: Page, reach: Reach): Promise<ListedTags | undefined> {
    return this.#proxy.listTags(this.#full(name), page, reach);
  }

  listNames(page: Page): Promise<PageOf<Name>> {
    return this.#proxy.listNames(page);
  }

  listReferrers(name: Name, subject: Digest, reach: Reach): Promise<readonly Referrer[]> {
    return this.#proxy.listReferrers(this.#full(name), subject, reach);
  }

  searchUpstreams(query: string, size: number): Promise<readonly SearchHit[]> {
    return this.#proxy.searchUpstreams(query, size);
  }

  explain(name: Name, reference: Reference): Promise<readonly MemberAnswer[]> {
    return this.#proxy.explain(this.#full(name), reference);
  }

  within(namespace: string): ReadableRepository | undefined {
    return this.#proxy.within(namespace);
  }
}
