import { algorithmOf, hexOf, isDigest, type Digest } from './digest.ts';
import type { Descriptor } from './manifest.ts';
import type { Tag } from './reference.ts';

/** A descriptor of a manifest that refers to another. OCI distribution-spec 1.1, "Listing Referrers". */
export interface Referrer extends Descriptor {
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * The tag under which clients keep an index of what refers to `subject` in a registry that cannot list it.
 * OCI distribution-spec 1.1, "Referrers Tag Schema", which leaves half of a sha512 away.
 */
export function referrersTag(subject: Digest): Tag {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}` as Tag;
}

/** The descriptors of an index, without those that cannot be used; undefined when the bytes are no index. */
export function parseReferrers(bytes: Uint8Array): readonly Referrer[] | undefined {
  const index = parseJson(bytes) as { manifests?: unknown } | null | undefined;
  const manifests = index?.manifests === null ? [] : index?.manifests; // what Go writes for an empty slice
  if (!Array.isArray(manifests)) return undefined;
  return manifests.map(toReferrer).filter((each) => each !== undefined);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

function toReferrer(entry: unknown): Referrer | undefined {
  const { mediaType, digest, size, artifactType, annotations } = (entry ?? {}) as Record<string, unknown>;
  if (typeof digest !== 'string' || !isDigest(digest)) return undefined;
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
  const notes = typeof annotations === 'object' ? Object.entries(annotations ?? {}) : [];
  return {
    mediaType: typeof mediaType === 'string' ? mediaType : '',
    digest,
    size,
    artifactType: typeof artifactType === 'string' && artifactType !== '' ? artifactType : undefined,
    annotations: Object.fromEntries(
      notes.filter((note): note is [string, string] => typeof note[1] === 'string'),
    ),
  };
}
