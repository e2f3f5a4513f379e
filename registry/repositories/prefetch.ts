import {
  choosePlatforms,
  foreignLayers,
  isIndexType,
  isSchema1Type,
  parseManifest,
  parseSchema1,
  referenceText,
  RegistryError,
  type Digest,
  type Name,
  type Platforms,
  type Reference,
} from '../model/index.ts';
import { merge } from './merge.ts';
import { prefetchBlob, type BlobOrder } from './prefetch-blob.ts';
import type { PrefetchEvent } from './prefetch-event.ts';
import type { FoundManifest, ReadableRepository } from './repository.ts';
import { unlessAborted } from './unless-aborted.ts';

/** An image that is to be here before somebody asks for it. */
export interface WantedImage {
  readonly name: Name;
  readonly reference: Reference;
}

/** How images are prefetched. */
export interface PrefetchOptions {
  /** Which entries of an index are fetched, such as `linux/amd64`; attestations come with `all` alone. */
  readonly platforms: Platforms;
  /** Ends it at once; what is being downloaded goes on, as it does when a client leaves. */
  readonly signal: AbortSignal;
}

/** How many blobs of an image are read at one time. */
const mostAtOnce = 3;
/** How many indexes may lie within each other; more are a mistake, or malice. */
const deepest = 3;

/**
 * Has images fetched that `repository` caches, one after the other, and tells how it goes. An image that fails ends in
 * a `failed` event and the next one begins. Throws the signal's reason when that ends it.
 */
export async function* prefetch(
  repository: ReadableRepository,
  images: readonly WantedImage[],
  { platforms, signal }: PrefetchOptions,
): AsyncGenerator<PrefetchEvent, void, undefined> {
  for (const image of images) {
    signal.throwIfAborted();
    const walk = new ImageWalk(repository, image, platforms, signal);
    try {
      yield* walk.run();
    } catch (fault) {
      signal.throwIfAborted();
      const reason = fault instanceof Error ? fault.message : String(fault);
      yield { image: walk.image, kind: 'failed', reason };
    }
  }
}

/** The way through one image. */
class ImageWalk {
  /** `name:tag` or `name@digest`. */
  readonly image: string;
  readonly #repository: ReadableRepository;
  readonly #wanted: WantedImage;
  readonly #platforms: Platforms;
  readonly #signal: AbortSignal;
  readonly #seen = new Set<Digest>();
  readonly #blobs = new Map<Digest, BlobOrder>();
  readonly #met = new Set<string>();
  readonly #offered = new Set<string>();

  constructor(
    repository: ReadableRepository,
    wanted: WantedImage,
    platforms: Platforms,
    signal: AbortSignal,
  ) {
    const { name, reference } = wanted;
    this.#repository = repository;
    this.#wanted = wanted;
    this.#platforms = platforms;
    this.#signal = signal;
    this.image = `${name}${'tag' in reference ? ':' : '@'}${referenceText(reference)}`;
  }

  /** Throws for what is not there, after the rest was fetched if it is only a platform. */
  async *run(): AsyncGenerator<PrefetchEvent, void, undefined> {
    yield* this.#walk(this.#wanted.reference, 0);
    const sum = { blobs: 0, bytes: 0, held: 0 };
    for await (const event of this.#fetchBlobs()) {
      if (event.kind === 'blob') {
        sum.held += event.held ? 1 : 0;
        sum.blobs += event.held ? 0 : 1;
        sum.bytes += event.held ? 0 : event.size;
      }
      yield event;
    }
    this.#refuseMissing();
    yield { image: this.image, kind: 'done', ...sum };
  }

  /** Fetches a manifest and, of an index, what was chosen of it; notes the blobs of all of them. */
  async *#walk(reference: Reference, depth: number): AsyncGenerator<PrefetchEvent, void, undefined> {
    const { manifest, held } = await this.#find(reference);
    const { digest, bytes } = manifest;
    if (this.#seen.has(digest)) return;
    this.#seen.add(digest);
    yield { image: this.image, kind: 'manifest', digest, size: bytes.byteLength, held };
    if (!isIndexType(manifest.mediaType)) this.#noteBlobs(manifest);
    else if (depth === deepest)
      throw new Error(`${digest}: indexes lie more than ${deepest} deep in each other`);
    else for (const child of this.#choose(bytes)) yield* this.#walk({ digest: child }, depth + 1);
  }

  async #find(reference: Reference): Promise<{ readonly manifest: FoundManifest; readonly held: boolean }> {
    const { name } = this.#wanted;
    const find = (reach: 'anywhere' | 'local'): Promise<FoundManifest | undefined> =>
      unlessAborted(this.#repository.findManifest(name, reference, reach), this.#signal);
    const before = await find('local');
    const manifest = await find('anywhere');
    if (manifest) return { manifest, held: before?.digest === manifest.digest };
    throw new RegistryError('manifestUnknown', {
      message: `${referenceText(reference)} of ${name} is not in ${this.#repository.repository}, nor upstream`,
    });
  }

  #choose(index: Uint8Array): readonly Digest[] {
    const { digests, met, offered } = choosePlatforms(index, this.#platforms);
    for (const each of met) this.#met.add(each);
    for (const each of offered) this.#offered.add(each);
    return digests;
  }

  #noteBlobs({ bytes, mediaType }: FoundManifest): void {
    const { image } = this;
    const { name } = this.#wanted;
    const repository = this.#repository;
    const note = (digest: Digest, isForeign: boolean): unknown =>
      this.#blobs.set(digest, { image, repository, name, digest, isForeign });
    if (isSchema1Type(mediaType))
      for (const { digest } of parseSchema1(bytes, mediaType).blobs) note(digest, false);
    else {
      for (const digest of foreignLayers(bytes)) note(digest, true);
      for (const { digest } of parseManifest(bytes, mediaType).blobs) note(digest, false);
    }
  }

  #fetchBlobs(): AsyncGenerator<PrefetchEvent, void, undefined> {
    const orders = [...this.#blobs.values()];
    const work = orders.map((order) => (signal: AbortSignal) => prefetchBlob(order, signal));
    return merge(work, mostAtOnce, this.#signal);
  }

  /** An image that is no index has no platform to choose by: clients take it as it is, and so does this. */
  #refuseMissing(): void {
    if (this.#platforms === 'all' || this.#offered.size === 0) return;
    const missing = this.#platforms.filter((each) => !this.#met.has(each));
    if (missing.length === 0) return;
    const offered = [...this.#offered].filter((each) => each !== 'unknown/unknown');
    throw new Error(
      `${this.image} has nothing for ${missing.join(', ')}; it has ${offered.join(', ') || 'no image at all'}`,
    );
  }
}
