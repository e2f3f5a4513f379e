/** The media types of manifests that are in use. OCI image-spec media-types.md; Docker image manifest v2. */
export const mediaTypes = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const;

/** The types that an upstream is asked for, all of them, since a cache must keep what the tag really names. */
export const manifestTypes: readonly string[] = Object.values(mediaTypes);

/** True for the types of an index (a list of manifests). */
export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

/** True for the types of an image manifest or artifact. */
export function isImageType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

/** A Content-Type without its parameters, in lower case. RFC 9110 8.3.1. */
export function withoutParameters(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/**
 * True for layers that live elsewhere and need not be in the registry.
 * OCI image-spec layer.md "Non-Distributable Layers"; Docker's foreign layers.
 */
export function livesElsewhere(mediaType: string): boolean {
  return mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
}
