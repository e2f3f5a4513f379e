import { isDigest, type Digest } from './digest.ts';
import { isJsonObject, parseJsonObject } from './json.ts';
import { livesElsewhere } from './media-types.ts';

/**
 * Layers of an image manifest that need not be in a registry, and which `Manifest.blobs` therefore leaves out.
 * OCI image-spec layer.md "Non-Distributable Layers"; Docker's foreign layers.
 */
export function foreignLayers(manifest: Uint8Array): readonly Digest[] {
  const layers = parseJsonObject(manifest)?.layers;
  const described = Array.isArray(layers) ? layers.filter(isJsonObject) : [];
  return described.flatMap(({ digest, mediaType }) =>
    typeof mediaType === 'string' &&
    livesElsewhere(mediaType) &&
    typeof digest === 'string' &&
    isDigest(digest)
      ? [digest]
      : [],
  );
}
