import { createHash } from 'node:crypto';
import type { BlobStore } from '../blobs/index.ts';
import type { Absences, Images, Place, PutOutcome } from '../metadata/index.ts';
import {
  digestFrom,
  parseManifest,
  readNames,
  RegistryError,
  type Digest,
  type Name,
  type Page,
  type PageOf,
  type Reference,
  type Referrer,
  type Tag,
} from '../model/index.ts';
import { LocalContent } from './local-content.ts';
import type { MemberAnswer } from './explain.ts';
import type { FoundBlob, FoundManifest, OpenedBlob, ReadableRepository, Source } from './repository.ts';
import type { HostedSettings } from './settings.ts';

/** A manifest as a client sends it. */
export interface PushedManifest {
  readonly name: Name;
  readonly reference: Reference;
  /** More tags for a manifest that is put by digest. */
  readonly tags: readonly Tag[];
  readonly bytes: Uint8Array;
  readonly contentType: string;
  /** Places that are read under this name too; what they remember as absent may be there after this push (T10). */
  readonly seenWith: readonly Place[];
  /** Those of them whose content the caller may pull, and that may therefore be adopted. */
  readonly adoptFrom: readonly Place[];
}

/** What was stored. */
export interface StoredManifest {
  readonly digest: Digest;
  readonly subject: Digest | undefined;
  readonly adopted: readonly Digest[];
}

/** A repository that stores what is pushed to it. */
export class HostedRepository implements ReadableRepository {
  readonly repository: string;
  readonly holders: readonly string[];
  readonly settings: HostedSettings;
  readonly #images: Images;
  readonly #absences: Absences;
  readonly #blobs: BlobStore;
  readonly #content: LocalContent;
  readonly #source: Source;

  constructor(
    repository: string,
    settings: HostedSettings,
    stores: { images: Images; absences: Absences; blobs: BlobStore },
  ) {
    this.repository = repository;
    this.holders = [repository];
    this.settings = settings;
    this.#images = stores.images;
    this.#absences = stores.absences;
    this.#content = new LocalContent(stores.images);
    this.#blobs = stores.blobs;
    this.#source = { member: repository, from: 'hosted', age: undefined };
  }

  placesOf(name: Name): readonly Place[] {
    if (!this.settings.online) return [];
    return readNames(name).map((each) => ({ repository: this.repository, name: each }));
  }

  async findManifest(name: Name, reference: Reference): Promise<FoundManifest | undefined> {
    const held = await this.#content.findManifest(this.placesOf(name), reference);
    return held && { ...held, ...this.#source };
  }

  async findBlob(name: Name, digest: Digest): Promise<FoundBlob | undefined> {
    const held = await this.#content.findBlob(this.placesOf(name), digest);
    return held && { size: held.size, ...this.#source };
  }

  async openBlob(name: Name, digest: Digest): Promise<OpenedBlob | undefined> {
    const held = await this.#content.findBlob(this.placesOf(name), digest);
    const reader = held && (await this.#blobs.open(digest));
    return reader && { reader, ...this.#source };
  }

  listTags(name: Name, page: Page): Promise<PageOf<Tag> | undefined> {
    return this.#content.listTags(this.placesOf(name), page);
  }

  listNames(page: Page): Promise<PageOf<Name>> {
    if (!this.settings.online) return Promise.resolve({ entries: [], more: false });
    return this.#content.listNames(this.repository, page);
  }

  listReferrers(name: Name, subject: Digest): Promise<readonly Referrer[]> {
    return this.#content.listReferrers(this.placesOf(name), subject);
  }

  searchUpstreams(): Promise<readonly []> {
    return Promise.resolve([]);
  }

  async explain(name: Name, reference: Reference): Promise<readonly MemberAnswer[]> {
    const own = { member: this.repository, type: 'hosted' as const };
    if (!this.settings.online)
      return [
        { ...own, rule: 'it is offline, its configuration says so', asked: false, answer: 'not-asked' },
      ];
    const held = await this.#content.findManifest(this.placesOf(name), reference);
    const rule = 'what is pushed here is read under any name';
    if (!held) return [{ ...own, rule, asked: true, answer: 'not-found' }];
    const { digest, mediaType } = held;
    return [{ ...own, rule, asked: true, answer: 'found', source: 'hosted', digest, mediaType }];
  }

  /** What was pushed here is meant for whatever reads here, whichever registry a client takes it for. */
  within(): ReadableRepository {
    return this;
  }

  /**
   * Stores a manifest under the name given (T19), adopting what other places hold (T1).
   * Throws `manifestInvalid`, `digestInvalid`, `manifestBlobUnknown` with each digest, `denied` by deployment policy.
   */
  async putManifest(pushed: PushedManifest): Promise<StoredManifest> {
    this.refuseUnlessWritable();
    const { name, reference, bytes } = pushed;
    const digest = digestOf(bytes, 'digest' in reference ? reference.digest : undefined);
    const manifest = parseManifest(bytes, pushed.contentType);
    const outcome = await this.#images.putManifest({
      place: { repository: this.repository, name },
      tags: 'tag' in reference ? [reference.tag, ...pushed.tags] : pushed.tags,
      digest,
      bytes,
      manifest,
      references: { check: 'adopt', from: pushed.adoptFrom },
      mayMove: (tag) => this.#mayMove(tag),
    });
    const adopted = this.#storedOrThrow(outcome);
    await this.#absences.forget(pushed.seenWith);
    return { digest, subject: manifest.subject?.digest, adopted };
  }

  /** Links a blob to `name` from the first of `sources` that holds it; false when none does (trap T6). */
  async mountBlob(name: Name, digest: Digest, sources: readonly Place[]): Promise<boolean> {
    for (const source of sources) {
      const held = await this.#images.findBlob(source, digest);
      if (!held) continue;
      if ((await this.#images.linkKnown({ repository: this.repository, name }, digest)) !== undefined)
        return true;
    }
    return false;
  }

  /** Where, in these repositories, a blob is held under any name. */
  placesOfBlob(digest: Digest, repositories: readonly string[]): Promise<readonly Place[]> {
    return this.#images.placesOfBlob(digest, repositories);
  }

  /** Removes a manifest with its tags, or one tag; false when it was not there. Throws `denied`. */
  async deleteManifest(name: Name, reference: Reference): Promise<boolean> {
    this.refuseUnlessWritable();
    const place = { repository: this.repository, name };
    return 'tag' in reference
      ? this.#images.deleteTag(place, reference.tag)
      : this.#images.deleteManifest(place, reference.digest);
  }

  /** Takes a blob away from a name; false when it was not there. Throws `denied`. */
  async deleteBlob(name: Name, digest: Digest): Promise<boolean> {
    this.refuseUnlessWritable();
    return this.#images.unlinkBlob({ repository: this.repository, name }, digest);
  }

  /** Throws `unavailable` when it is offline, `denied` when the deployment policy lets nothing in. */
  refuseUnlessWritable(): void {
    if (!this.settings.online) {
      throw new RegistryError('unavailable', {
        message: `${this.repository} is offline (its configuration says so)`,
      });
    }
    if (this.settings.deployment !== 'read-only') return;
    throw new RegistryError('denied', {
      message: `${this.repository} is read-only (its deployment policy says so)`,
    });
  }

  #mayMove(tag: Tag): boolean {
    const { deployment } = this.settings;
    return deployment === 'allow' || (deployment === 'latest-only' && tag === 'latest');
  }

  #storedOrThrow(outcome: PutOutcome): readonly Digest[] {
    switch (outcome.outcome) {
      case 'stored':
        return outcome.adopted;
      case 'missing':
        throw new RegistryError('manifestBlobUnknown', {
          detail: outcome.digests.map((digest) => ({ digest })),
        });
      case 'immutable':
        throw new RegistryError('denied', {
          message: `tag ${outcome.tag} exists and ${this.repository} does not allow to redeploy it; use another tag`,
        });
    }
  }
}

function digestOf(bytes: Uint8Array, expected: Digest | undefined): Digest {
  const algorithm = expected?.startsWith('sha512:') ? 'sha512' : 'sha256';
  const digest = digestFrom(algorithm, createHash(algorithm).update(bytes).digest('hex'));
  if (expected !== undefined && expected !== digest) {
    throw new RegistryError('digestInvalid', { detail: { expected, found: digest } });
  }
  return digest;
}
