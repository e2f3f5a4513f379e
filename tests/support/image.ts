import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { tarOf } from './tar.ts';

/** Bytes with the digest that names them. */
export interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

/** A manifest or an index: a blob with its media type. */
export interface Manifest extends Blob {
  readonly mediaType: string;
}

/** An image that any client can pull and unpack: its parts in the order in which they must be uploaded. */
export interface Image {
  readonly layers: readonly Blob[];
  readonly config: Blob;
  readonly manifest: Manifest;
}

/** Whose media types: those of the OCI image specification or of Docker's schema 2. */
export type MediaTypes = 'oci' | 'docker';

/** What an image is made of: layers by the size in bytes of the random file in each, or ready tar files. */
export interface ImageOptions {
  readonly layers?: readonly (number | Buffer)[];
  readonly mediaTypes?: MediaTypes;
  readonly architecture?: string;
}

/** The media types of each kind of image. */
export const TYPES = {
  oci: {
    config: 'application/vnd.oci.image.config.v1+json',
    layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
  },
  docker: {
    config: 'application/vnd.docker.container.image.v1+json',
    layer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    manifest: 'application/vnd.docker.distribution.manifest.v2+json',
    index: 'application/vnd.docker.distribution.manifest.list.v2+json',
  },
} as const;

/** The sha256 digest of bytes, as `sha256:…`. */
export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function blobOf(bytes: Buffer): Blob {
  return { digest: digestOf(bytes), bytes };
}

function jsonBlob(value: unknown): Blob {
  return blobOf(Buffer.from(JSON.stringify(value)));
}

/** A layer tar holding one file of `size` random bytes; random, so that no store has it and none compresses it. */
function randomTar(size: number): Buffer {
  return tarOf(`random-${randomUUID()}`, randomBytes(size));
}

/** The image configuration for uncompressed layer digests, in the order of the layers. */
export function imageConfig(diffIds: readonly string[], architecture = 'amd64'): Buffer {
  const rootfs = { type: 'layers', diff_ids: diffIds };
  const history = diffIds.map(() => ({ created_by: 'test' }));
  return Buffer.from(
    JSON.stringify({ architecture, os: 'linux', config: { Cmd: ['/none'] }, rootfs, history }),
  );
}

/** Makes an image in memory; without options one layer of 1,000 random bytes with OCI media types. */
export function makeImage(options: ImageOptions = {}): Image {
  const types = TYPES[options.mediaTypes ?? 'oci'];
  const tars = (options.layers ?? [1000]).map((layer) =>
    typeof layer === 'number' ? randomTar(layer) : layer,
  );
  const layers = tars.map((tar) => blobOf(gzipSync(tar)));
  const config = blobOf(imageConfig(tars.map(digestOf), options.architecture));
  const describe = (mediaType: string, blob: Blob): object => ({
    mediaType,
    size: blob.bytes.length,
    digest: blob.digest,
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describe(types.config, config),
    layers: layers.map((layer) => describe(types.layer, layer)),
  });
  return { layers, config, manifest: { ...manifest, mediaType: types.manifest } };
}

/** An index over images, one per architecture, as they were made. */
export function makeIndex(images: Readonly<Record<string, Image>>, mediaTypes: MediaTypes = 'oci'): Manifest {
  const types = TYPES[mediaTypes];
  const manifests = Object.entries(images).map(([architecture, { manifest }]) => ({
    mediaType: manifest.mediaType,
    size: manifest.bytes.length,
    digest: manifest.digest,
    platform: { architecture, os: 'linux' },
  }));
  const index = jsonBlob({ schemaVersion: 2, mediaType: types.index, manifests });
  return { ...index, mediaType: types.index };
}
