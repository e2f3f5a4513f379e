import type { HeldBlob, HeldManifest, Images, Place, Referrer } from '../metadata/index.ts';
import type { Digest, Name, Page, PageOf, Reference, Tag } from '../model/index.ts';
import { mergePages } from './merge-pages.ts';

/** Reads what one repository holds, under any of the places where a name may be kept. */
export class LocalContent {
  readonly #images: Images;

  constructor(images: Images) {
    this.#images = images;
  }

  async findManifest(places: readonly Place[], reference: Reference): Promise<HeldManifest | undefined> {
    for (const place of places) {
      const held = await this.#images.findManifest(place, reference);
      if (held) return held;
    }
    return undefined;
  }

  async findBlob(places: readonly Place[], digest: Digest): Promise<HeldBlob | undefined> {
    for (const place of places) {
      const held = await this.#images.findBlob(place, digest);
      if (held) return held;
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

  async listReferrers(places: readonly Place[], subject: Digest): Promise<readonly Referrer[]> {
    const lists = await Promise.all(places.map((place) => this.#images.listReferrers(place, subject)));
    return uniqueReferrers(lists.flat());
  }
}

/** One descriptor for each digest, in digest order. */
export function uniqueReferrers(referrers: readonly Referrer[]): readonly Referrer[] {
  const byDigest = new Map(referrers.map((each) => [each.digest, each]));
  return [...byDigest.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}
