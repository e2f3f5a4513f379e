import type { BlobReader, BlobStore } from '../blobs/index.ts';
import type { Metadata, Place } from '../metadata/index.ts';
import { isSchema1Type, parseManifest, type Digest } from '../model/index.ts';
import { UpstreamFailure, type Upstream } from '../upstream/index.ts';
import type { Fills } from './fills.ts';
import { withPatience } from './patience.ts';

/** What a cache of blobs works with. */
export interface ProxyBlobsParts {
  readonly metadata: Pick<Metadata, 'images'>;
  readonly blobs: BlobStore;
  readonly upstream: Upstream;
  readonly fills: Fills;
  /** How long a client is let wait for the first byte, in ms. */
  readonly patience: number;
}

/** The blobs of one upstream that are not held at a place yet. */
export class ProxyBlobs {
  readonly #parts: ProxyBlobsParts;

  constructor(parts: ProxyBlobsParts) {
    this.#parts = parts;
  }

  /** The size of a blob that the upstream has, in bytes. Throws UpstreamFailure. */
  measure(place: Place, digest: Digest): Promise<number | undefined> {
    return this.#patiently(place, async (signal) => {
      const head = await this.#parts.upstream.headBlob(place.name, digest, signal);
      if (!head) return undefined;
      const size = head.size ?? (await this.#expectedSize(place, digest));
      if (size !== undefined) return size;
      const reader = await this.#fill(place, digest, signal);
      await reader?.close();
      return reader?.size;
    });
  }

  /** A reader of a blob as it comes from the upstream, or of one that another name brought here. Throws UpstreamFailure. */
  open(place: Place, digest: Digest): Promise<BlobReader | undefined> {
    return this.#patiently(
      place,
      async (signal) =>
        (await this.#openKnown(place, digest, signal)) ?? (await this.#fill(place, digest, signal)),
    );
  }

  /**
   * A blob whose bytes another name brought here needs no download, once the upstream has confirmed that it is this
   * name's too: what a manifest references proves nothing, anybody can write any digest into one (trap T11).
   */
  async #openKnown(place: Place, digest: Digest, signal: AbortSignal): Promise<BlobReader | undefined> {
    const { metadata, blobs, upstream } = this.#parts;
    if ((await metadata.images.blobSize(digest)) === undefined) return undefined;
    if (!(await upstream.headBlob(place.name, digest, signal))) return undefined;
    // Linked first: from then on eviction leaves its bytes alone.
    if ((await metadata.images.linkKnown(place, digest)) === undefined) return undefined;
    return blobs.open(digest);
  }

  async #fill(place: Place, digest: Digest, signal: AbortSignal): Promise<BlobReader | undefined> {
    const { fills, upstream } = this.#parts;
    const order = {
      upstream,
      place,
      digest,
      expected: await this.#expectedSize(place, digest),
      mayJoin: async (waiting: AbortSignal) =>
        (await upstream.headBlob(place.name, digest, waiting)) !== undefined,
    };
    return fills.open(order, signal);
  }

  /** What a manifest of this name says of the blob's size, in bytes. */
  async #expectedSize(place: Place, digest: Digest): Promise<number | undefined> {
    const referrer = await this.#parts.metadata.images.findReferrerOf(place, digest);
    // Schema 1 says no sizes.
    if (!referrer || isSchema1Type(referrer.mediaType)) return undefined;
    const { blobs } = parseManifest(referrer.bytes, referrer.mediaType);
    return blobs.find((each) => each.digest === digest)?.size;
  }

  #patiently<T>({ repository }: Place, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const message = 'the upstream has sent nothing of a blob yet: try again, what comes meanwhile is kept';
    return withPatience(
      this.#parts.patience,
      () => new UpstreamFailure(repository, 'timeout', message),
      work,
    );
  }
}
