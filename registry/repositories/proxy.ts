import type { BlobReader, BlobStore } from '../blobs/index.ts';
import type { Absences, HeldManifest, Images, Place } from '../metadata/index.ts';
import {
  isSchema1Type,
  libraryName,
  namePatterns,
  parseManifest,
  parseSchema1,
  readNames,
  RegistryError,
  type Digest,
  type Manifest,
  type Name,
  type Page,
  type PageOf,
  type Reference,
  type Referrer,
  type Tag,
} from '../model/index.ts';
import { UpstreamFailure, type Upstream, type UpstreamManifest } from '../upstream/index.ts';
import { Fill } from './fill.ts';
import { Flights } from './flights.ts';
import { LocalContent } from './local-content.ts';
import { ProxyReferrers } from './proxy-referrers.ts';
import type {
  FoundBlob,
  FoundManifest,
  OpenedBlob,
  Reach,
  ReadableRepository,
  Source,
} from './repository.ts';
import type { ProxySettings } from './settings.ts';

/** What a proxy works with. */
export interface ProxyParts {
  readonly images: Images;
  readonly blobs: BlobStore;
  readonly absences: Absences;
  readonly upstream: Upstream;
  /** True for names that must not be asked of any upstream. */
  readonly isPrivate: (name: Name) => boolean;
  /** Ends fills when the engine closes. */
  readonly signal: AbortSignal;
  /** Told of every fault that no client may have seen. */
  readonly onFault: (fault: unknown) => void;
}

/** A pull-through cache of one upstream registry. */
export class ProxyRepository implements ReadableRepository {
  readonly repository: string;
  readonly holders: readonly string[];
  readonly settings: ProxySettings;
  readonly #parts: ProxyParts;
  readonly #content: LocalContent;
  readonly #routes: (name: Name) => boolean;
  readonly #referrers: ProxyReferrers;
  readonly #manifestFlights = new Flights<FoundManifest | undefined>();
  readonly #fills = new Map<Digest, Fill>();

  constructor(repository: string, settings: ProxySettings, parts: ProxyParts) {
    this.repository = repository;
    this.holders = [repository];
    this.settings = settings;
    this.#parts = parts;
    this.#content = new LocalContent(parts.images);
    const { upstream, signal, onFault } = parts;
    this.#referrers = new ProxyReferrers({ upstream, signal, onFault, maxAge: settings.tagMaxAge });
    this.#routes = settings.routes ? namePatterns(settings.routes) : () => true;
  }

  /** True for a name that begins with the prefix of this upstream and is therefore its own. */
  isNamedBy(name: Name): boolean {
    return name.startsWith(`${this.settings.prefix}/`);
  }

  placesOf(name: Name): readonly Place[] {
    const own = this.#ownName(name);
    // With one form upstream there is one form in the cache.
    const names = this.settings.library ? [libraryName(own)] : readNames(own);
    return names.map((each) => ({ repository: this.repository, name: each }));
  }

  async findManifest(name: Name, reference: Reference, reach: Reach): Promise<FoundManifest | undefined> {
    const held = await this.#content.findManifest(this.placesOf(name), reference);
    const mayAsk = this.#mayAsk(name, reach);
    if (held && (!mayAsk || 'digest' in reference || this.#isFresh(held))) return this.#found(held);
    if (!mayAsk) return undefined;
    const key = `${name} ${'tag' in reference ? reference.tag : reference.digest}`;
    return this.#manifestFlights.share(key, () => this.#askForManifest(name, reference, held));
  }

  async findBlob(name: Name, digest: Digest, reach: Reach): Promise<FoundBlob | undefined> {
    const held = await this.#content.findBlob(this.placesOf(name), digest);
    if (held) return { size: held.size, ...this.#source(held.heldAt) };
    if (!this.#mayAsk(name, reach)) return undefined;
    const head = await this.#parts.upstream.headBlob(this.#place(name).name, digest);
    const size = head && (head.size ?? (await this.#measure(name, digest)));
    return size === undefined ? undefined : { size, member: this.repository, age: 0 };
  }

  async openBlob(name: Name, digest: Digest, reach: Reach): Promise<OpenedBlob | undefined> {
    const held = await this.findBlob(name, digest, 'local');
    const reader = held && (await this.#parts.blobs.open(digest));
    if (reader) return { ...held, reader };
    if (!this.#mayAsk(name, reach)) return undefined;
    const place = this.#place(name);
    const reading = (await this.#openKnown(place, digest)) ?? (await this.#openFill(place, digest));
    return reading && { reader: reading, member: this.repository, age: 0 };
  }

  listTags(name: Name, page: Page): Promise<PageOf<Tag> | undefined> {
    return this.#content.listTags(this.placesOf(name), page);
  }

  listNames(page: Page): Promise<PageOf<Name>> {
    return this.#content.listNames(this.repository, page);
  }

  async listReferrers(name: Name, subject: Digest, reach: Reach): Promise<readonly Referrer[]> {
    const mayAsk = this.#mayAsk(name, reach);
    const listed = mayAsk ? await this.#referrers.list(this.#place(name).name, subject) : [];
    return this.#content.listReferrers(this.placesOf(name), subject, listed);
  }

  /** The place where what the upstream answers for `name` is kept. */
  #place(name: Name): Place {
    const own = this.#ownName(name);
    return { repository: this.repository, name: this.settings.library ? libraryName(own) : own };
  }

  /** `quay.io/coreos/etcd` is `coreos/etcd` to the upstream with the prefix `quay.io`. */
  #ownName(name: Name): Name {
    return this.isNamedBy(name) ? (name.slice(this.settings.prefix.length + 1) as Name) : name;
  }

  #mayAsk(name: Name, reach: Reach): boolean {
    if (reach === 'local' || this.settings.offline) return false;
    if (this.#parts.isPrivate(this.#ownName(name))) return false;
    // Routes sort out names that could be anybody's; a prefix says whose it is.
    return this.isNamedBy(name) || readNames(name).some((form) => this.#routes(form));
  }

  #isFresh(held: HeldManifest): boolean {
    return Date.now() - held.confirmedAt < this.settings.tagMaxAge;
  }

  #found(held: HeldManifest, stale?: string): FoundManifest {
    return { ...held, ...this.#source(held.confirmedAt), ...(stale !== undefined && { stale }) };
  }

  #source(since: number): Source {
    return { member: this.repository, age: Math.max(0, Math.floor((Date.now() - since) / 1000)) };
  }

  /** Asks the upstream; an old copy stands in for an upstream that does not answer. */
  async #askForManifest(
    name: Name,
    reference: Reference,
    held: HeldManifest | undefined,
  ): Promise<FoundManifest | undefined> {
    const place = this.#place(name);
    const text = 'tag' in reference ? reference.tag : reference.digest;
    if (await this.#parts.absences.has(place, text, Date.now())) return undefined;
    try {
      const found = held
        ? await this.#revalidate(place, reference, held)
        : await this.#fetchManifest(place, reference);
      if (!found) await this.#forget(place, reference).catch(this.#parts.onFault);
      return found;
    } catch (fault) {
      if (!(fault instanceof UpstreamFailure) || !held) throw fault;
      this.#parts.onFault(fault);
      return this.#found(held, fault.message);
    }
  }

  /** A HEAD costs no pull quota; the bytes are fetched only when the tag names others than before. */
  async #revalidate(
    place: Place,
    reference: Reference,
    held: HeldManifest,
  ): Promise<FoundManifest | undefined> {
    const head = await this.#parts.upstream.headManifest(place.name, reference);
    if (!head) return undefined;
    if (head.digest !== held.digest || !('tag' in reference)) return this.#fetchManifest(place, reference);
    // A confirmation that cannot be kept, on a full disk, costs another HEAD the next time and not this answer.
    await this.#parts.images.confirmTag(place, reference.tag, held.digest).catch(this.#parts.onFault);
    return this.#found({ ...held, confirmedAt: Date.now() });
  }

  async #fetchManifest(place: Place, reference: Reference): Promise<FoundManifest | undefined> {
    const answer = await this.#parts.upstream.getManifest(place.name, reference);
    if (!answer) return undefined;
    const { digest, bytes } = answer;
    const manifest = this.#read(answer);
    await this.#parts.images.putManifest({
      place,
      digest,
      bytes,
      manifest,
      tags: 'tag' in reference ? [reference.tag] : [],
      references: { check: 'trust' },
      mayMove: () => true,
    });
    return this.#found({ digest, bytes, mediaType: manifest.mediaType, confirmedAt: Date.now() });
  }

  #read({ bytes, mediaType }: UpstreamManifest): Manifest {
    try {
      return isSchema1Type(mediaType) ? parseSchema1(bytes, mediaType) : parseManifest(bytes, mediaType);
    } catch (cause) {
      if (!(cause instanceof RegistryError)) throw cause;
      const message = `the upstream sent a manifest that cannot be used: ${cause.message}`;
      throw new UpstreamFailure(this.repository, 'bad-answer', message, { cause });
    }
  }

  /** A definite "not here": the tag is gone, and is not asked for again for a while. */
  async #forget(place: Place, reference: Reference): Promise<void> {
    if ('tag' in reference) await this.#parts.images.deleteTag(place, reference.tag);
    const text = 'tag' in reference ? reference.tag : reference.digest;
    await this.#parts.absences.remember(place, text, Date.now() + this.settings.notFoundMaxAge);
  }

  /**
   * A blob whose bytes another name brought here needs no download, once the upstream has confirmed that it is this
   * name's too: what a manifest references proves nothing, anybody can write any digest into one (trap T11).
   */
  async #openKnown({ repository, name }: Place, digest: Digest): Promise<BlobReader | undefined> {
    const { images, blobs, upstream } = this.#parts;
    const size = await images.blobSize(digest);
    if (size === undefined || !(await upstream.headBlob(name, digest))) return undefined;
    const reader = await blobs.open(digest);
    if (reader) await images.linkBlob({ repository, name }, { digest, size });
    return reader;
  }

  /** The size of a blob that the upstream has without saying how large it is. */
  async #measure(name: Name, digest: Digest): Promise<number | undefined> {
    const reader = await this.#openFill(this.#place(name), digest);
    await reader?.close();
    return reader?.size;
  }

  /** Joins the download of this blob or starts it; nobody joins under a name that the upstream has not confirmed. */
  async #openFill(place: Place, digest: Digest): Promise<BlobReader | undefined> {
    const running = this.#fills.get(digest);
    if (!running) return this.#startFill(place, digest).open();
    if (running.name === place.name) return running.open();
    const mayJoin =
      (await this.#parts.images.isReferenced(place, digest)) ||
      (await this.#parts.upstream.headBlob(place.name, digest)) !== undefined;
    if (!mayJoin) return undefined;
    const reader = await running.open();
    if (reader) return reader;
    // The name that it was started under turned out not to have it, while this one may.
    this.#forgetFill(digest, running);
    return this.#openFill(place, digest);
  }

  #startFill(place: Place, digest: Digest): Fill {
    const { blobs, upstream, images, signal, onFault } = this.#parts;
    const fill = new Fill({
      repository: this.repository,
      blobs,
      upstream,
      name: place.name,
      digest,
      signal,
      // The bytes are right, whatever becomes of the row: a full disk costs the next client a download, not this one.
      keep: (size) => images.linkBlob(place, { digest, size }).catch(onFault),
    });
    this.#fills.set(digest, fill);
    fill
      .run()
      // Readers get the fault from the fill; the log must have it also when nobody reads any more.
      .catch(onFault)
      .finally(() => {
        this.#forgetFill(digest, fill);
      });
    return fill;
  }

  #forgetFill(digest: Digest, fill: Fill): void {
    if (this.#fills.get(digest) === fill) this.#fills.delete(digest);
  }
}
