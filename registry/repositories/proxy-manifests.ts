import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HeldManifest, Metadata, Place } from '../metadata/index.ts';
import {
  isSchema1Type,
  parseManifest,
  parseSchema1,
  referenceText,
  RegistryError,
  type Manifest,
  type Reference,
} from '../model/index.ts';
import { UpstreamFailure, type Upstream, type UpstreamManifest } from '../upstream/index.ts';
import { Flights } from './flights.ts';
import { withPatience } from './patience.ts';
import type { ProxySettings } from './settings.ts';

/** How long a manifest stays one process's to fetch after that was last heard of, in ms. */
const claimTime = 5000;
/** How often the others look whether it is here, in ms. */
const lookEvery = 20;

/** A manifest of a cache; `stale`: why the upstream could not be asked about it. */
export interface CachedManifest extends HeldManifest {
  readonly stale?: string;
  /** True when the upstream was asked just now. */
  readonly asked: boolean;
}

/** What a cache of manifests works with. */
export interface ProxyManifestsParts {
  readonly metadata: Pick<Metadata, 'images' | 'absences' | 'claims'>;
  readonly upstream: Upstream;
  readonly settings: ProxySettings;
  /** How long a client is let wait, in ms. */
  readonly patience: number;
  readonly onFault: (fault: unknown) => void;
}

/** The manifests of one upstream: when it is asked, and what stands in for it when it does not answer. */
export class ProxyManifests {
  readonly #parts: ProxyManifestsParts;
  readonly #flights = new Flights<CachedManifest | undefined>();

  constructor(parts: ProxyManifestsParts) {
    this.#parts = parts;
  }

  /** True for a tag that an upstream has confirmed not long ago, and for any digest. */
  isFresh(reference: Reference, held: HeldManifest): boolean {
    return 'digest' in reference || ageOf(held) < this.#parts.settings.tagMaxAge;
  }

  /** True when a client gets it without waiting: the upstream is not asked, or behind the answer (RFC 5861 3). */
  isServedAtOnce(reference: Reference, held: HeldManifest): boolean {
    const { tagMaxAge, staleWhileRevalidate } = this.#parts.settings;
    return 'digest' in reference || ageOf(held) < tagMaxAge + staleWhileRevalidate;
  }

  /**
   * What the upstream has, where `held` is no longer fresh: at once, while the upstream is asked behind it, as long as
   * the configuration allows that. Throws UpstreamFailure when there is no old copy either.
   */
  async ask(
    place: Place,
    reference: Reference,
    held: HeldManifest | undefined,
  ): Promise<CachedManifest | undefined> {
    const { repository, name } = place;
    const asking = this.#flights.share(`${name} ${referenceText(reference)}`, () =>
      withPatience(
        this.#parts.patience,
        () => impatience(repository),
        (signal) => this.#ask(place, reference, held, signal),
      ),
    );
    if (!held || !this.isServedAtOnce(reference, held)) return asking;
    asking.catch(this.#parts.onFault);
    return { ...held, asked: false };
  }

  /** Asks the upstream; an old copy stands in for an upstream that does not answer. */
  async #ask(
    place: Place,
    reference: Reference,
    held: HeldManifest | undefined,
    signal: AbortSignal,
  ): Promise<CachedManifest | undefined> {
    const { metadata, onFault } = this.#parts;
    if (await metadata.absences.has(place, referenceText(reference), Date.now())) return undefined;
    try {
      const found = held
        ? await this.#revalidate(place, reference, held, signal)
        : await this.#fetchOnce(place, reference, signal);
      if (!found) await this.#forget(place, reference).catch(onFault);
      return found && { ...found, asked: true };
    } catch (fault) {
      if (!(fault instanceof UpstreamFailure) || !held) throw fault;
      onFault(fault);
      return { ...held, stale: fault.message, asked: true };
    }
  }

  /** A HEAD costs no pull quota; the bytes are fetched only when the tag names others than before. */
  async #revalidate(
    place: Place,
    reference: Reference,
    held: HeldManifest,
    signal: AbortSignal,
  ): Promise<HeldManifest | undefined> {
    const { upstream, metadata, onFault } = this.#parts;
    const head = await upstream.headManifest(place.name, reference, signal);
    if (!head) return undefined;
    if (head.digest !== held.digest || !('tag' in reference))
      return this.#fetchOnce(place, reference, signal, held);
    // A confirmation that cannot be kept, on a full disk, costs another HEAD the next time and not this answer.
    await metadata.images.confirmTag(place, reference.tag, held.digest).catch(onFault);
    return { ...held, confirmedAt: Date.now() };
  }

  /** Fetches it, unless another process is doing so and keeps it meanwhile. */
  async #fetchOnce(
    place: Place,
    reference: Reference,
    signal: AbortSignal,
    before?: HeldManifest,
  ): Promise<HeldManifest | undefined> {
    const { claims, images } = this.#parts.metadata;
    const key = `manifest ${place.repository} ${place.name} ${referenceText(reference)}`;
    const me = randomUUID();
    const claim = (): Promise<boolean> =>
      claims.claim(key, me, Date.now() + claimTime).catch((fault: unknown) => {
        if (!(fault instanceof RegistryError) || fault.kind !== 'storageFull') throw fault;
        // On a full disk each process asks for itself: most of what is asked for then is not there, or held.
        return true;
      });
    while (!(await claim())) {
      const held = await images.findManifest(place, reference);
      if (held && held.confirmedAt !== before?.confirmedAt) return held;
      await sleep(lookEvery, undefined, { signal }).catch((fault: unknown) => {
        throw signal.aborted ? signal.reason : fault;
      });
    }
    const holding = setInterval(() => void claim().catch(this.#parts.onFault), claimTime / 3);
    try {
      // It may have come while we waited for our turn.
      const held = await images.findManifest(place, reference);
      if (held && held.confirmedAt !== before?.confirmedAt) return held;
      return await this.#fetch(place, reference, signal);
    } finally {
      clearInterval(holding);
      await claims.release(key, me).catch(this.#parts.onFault);
    }
  }

  async #fetch(place: Place, reference: Reference, signal: AbortSignal): Promise<HeldManifest | undefined> {
    const { upstream, metadata } = this.#parts;
    const answer = await upstream.getManifest(place.name, reference, signal);
    if (!answer) return undefined;
    const { digest, bytes } = answer;
    const manifest = readManifest(place.repository, answer);
    await metadata.images.putManifest({
      place,
      digest,
      bytes,
      manifest,
      tags: 'tag' in reference ? [reference.tag] : [],
      references: { check: 'trust' },
      mayMove: () => true,
    });
    return { digest, bytes, mediaType: manifest.mediaType, confirmedAt: Date.now() };
  }

  /** A definite "not here": the tag is gone, and is not asked for again for a while. */
  async #forget(place: Place, reference: Reference): Promise<void> {
    const { metadata, settings } = this.#parts;
    if ('tag' in reference) await metadata.images.deleteTag(place, reference.tag);
    const until = Date.now() + settings.notFoundMaxAge;
    await metadata.absences.remember(place, referenceText(reference), until);
  }
}

function ageOf(held: HeldManifest): number {
  return Date.now() - held.confirmedAt;
}

function impatience(repository: string): UpstreamFailure {
  return new UpstreamFailure(repository, 'timeout', 'the upstream did not answer in time: try again later');
}

function readManifest(repository: string, { bytes, mediaType }: UpstreamManifest): Manifest {
  try {
    return isSchema1Type(mediaType) ? parseSchema1(bytes, mediaType) : parseManifest(bytes, mediaType);
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    const message = `the upstream sent a manifest that cannot be used: ${cause.message}`;
    throw new UpstreamFailure(repository, 'bad-answer', message, { cause });
  }
}
