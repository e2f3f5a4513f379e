import type { HeldBlob, HeldManifest, Images, Place } from '../metadata/index.ts';
import {
  isIndexType,
  parseReferrers,
  referrersTag,
  type Digest,
  type Name,
  type Page,
  type PageOf,
  type Reference,
  type Referrer,
  type Tag,
} from '../model/index.ts';
import { mergePages } from './merge-pages.ts';

/** Where content was found. */
interface Held {
  readonly place: Place;
}

/** Reads what one repository holds, under any of the places where a name may be kept. */
export class LocalContent {
  readonly #images: Images;

  constructor(images: Images) {
    this.#images = images;
  }

  async findManifest(
    places: readonly Place[],
    reference: Reference,
  ): Promise<(HeldManifest & Held) | undefined> {
    for (const place of places) {
      const held = await this.#images.findManifest(place, reference);
      if (held) return { ...held, place };
    }
    return undefined;
  }

  async findBlob(places: readonly Place[], digest: Digest): Promise<(HeldBlob & Held) | undefined> {
    for (const place of places) {
      const held = await this.#images.findBlob(place, digest);
      if (held) return { ...held, place };
    }
    return undefined;
  }

  async listTags(places: readonly Place[], page: Page): Promise<PageOf<Tag> | undefined> {
    const pages = await Promise.all(places.map((place) => this.#images.listTags(place, page)));
    const found = pages.filter((each) => each !== undefined);
    return found.length > 0 ? mergePages(found, page) : undefined;
  }

  listNames(repository: string, page: Page): Promise<PageOf<Name>> {
    return this.#images.listNames(repository, page);
  }

  /** What is held and what an upstream has `listed`. */
  async listReferrers(
    places: readonly Place[],
    subject: Digest,
    listed: readonly Referrer[] = [],
  ): Promise<readonly Referrer[]> {
    const held = await Promise.all(places.map((place) => this.#images.listReferrers(place, subject)));
    const tagged = await Promise.all(places.map((place) => this.#listTagged(place, subject)));
    // What a manifest says of itself, or a registry of it, counts before what a client has written down.
    return uniqueReferrers([...held.flat(), ...listed, ...tagged.flat()]);
  }

  /** What clients listed that took us, or an upstream, for a registry without referrers. */
  async #listTagged(place: Place, subject: Digest): Promise<readonly Referrer[]> {
    const index = await this.#images.findManifest(place, { tag: referrersTag(subject) });
    return index && isIndexType(index.mediaType) ? (parseReferrers(index.bytes) ?? []) : [];
  }
}

/** The first descriptor of each digest, in digest order. */
export function uniqueReferrers(referrers: readonly Referrer[]): readonly Referrer[] {
  const byDigest = new Map(referrers.toReversed().map((each) => [each.digest, each]));
  return [...byDigest.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
