import { createHash } from 'node:crypto';
import {
  digestFrom,
  mediaTypes,
  parseManifest,
  parseName,
  parseTag,
  type Digest,
  type Tag,
} from '../../../registry/model/index.ts';
import type {
  ManifestContent,
  ManifestPut,
  Metadata,
  Place,
  PutOutcome,
} from '../../../registry/metadata/index.ts';

/** A place by `repository/name`. */
export function at(repository: string, name = 'app'): Place {
  return { repository, name: parseName(name) };
}

/** The digest of a text; also a digest that stands for bytes that nobody looks at. */
export function digestOf(text: string | Uint8Array): Digest {
  return digestFrom('sha256', createHash('sha256').update(text).digest('hex'));
}

export function tags(...texts: string[]): Tag[] {
  return texts.map(parseTag);
}

function descriptorOf(mediaType: string, digest: Digest) {
  return { mediaType, digest, size: 7 };
}

function contentOf(json: object): ManifestContent {
  const bytes = Buffer.from(JSON.stringify(json));
  return { digest: digestOf(bytes), bytes, manifest: parseManifest(bytes, '') };
}

/** An image with a config and layers that are the digests of these texts; `more` is added to its JSON. */
export function imageOf(config: string, layers: readonly string[] = [], more: object = {}): ManifestContent {
  return contentOf({
    schemaVersion: 2,
    config: descriptorOf('application/vnd.example.config', digestOf(config)),
    layers: layers.map((layer) => descriptorOf('application/vnd.example.layer', digestOf(layer))),
    ...more,
  });
}

/** An index of these manifests. */
export function indexOf(...children: readonly Pick<ManifestContent, 'digest'>[]): ManifestContent {
  return contentOf({
    schemaVersion: 2,
    manifests: children.map(({ digest }) => descriptorOf(mediaTypes.ociManifest, digest)),
  });
}

/** The subject of an artifact, for `more` of an image. */
export function subject({ digest }: Pick<ManifestContent, 'digest'>): object {
  return { subject: descriptorOf(mediaTypes.ociManifest, digest) };
}

/** Puts a manifest; unless told otherwise without a tag, its references on trust, and every tag may be moved. */
export function put(
  { images }: Metadata,
  place: Place,
  content: ManifestContent,
  how: Partial<Pick<ManifestPut, 'tags' | 'references' | 'mayMove'>> = {},
): Promise<PutOutcome> {
  return images.putManifest({
    tags: [],
    references: { check: 'trust' },
    mayMove: () => true,
    ...content,
    place,
    ...how,
  });
}

/** References are to be adopted from these places. */
export function adopting(...from: readonly Place[]): Pick<ManifestPut, 'references'> {
  return { references: { check: 'adopt', from } };
}

/** Links the blobs that are the digests of these texts. */
export async function link({ images }: Metadata, place: Place, ...texts: readonly string[]): Promise<void> {
  for (const text of texts) await images.linkBlob(place, { digest: digestOf(text), size: 7 });
}
