import type { Digest } from './digest.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from './json.ts';
import type { Manifest } from './manifest.ts';
import type { Name } from './name.ts';
import type { Tag } from './reference.ts';

/** The media types of Docker's image manifest v2, schema 1. */
export const schema1Types = {
  signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  plain: 'application/vnd.docker.distribution.manifest.v1+json',
} as const;

/** True for the types of a schema 1 manifest. */
export function isSchema1Type(mediaType: string): boolean {
  return mediaType === schema1Types.signed || mediaType === schema1Types.plain;
}

/** What stands in schema 1 for a step that changed no file: the gzip of 1024 zero bytes, an empty tar. */
export const emptyLayer = 'sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4' as Digest;

/** An image and what it is called; `config` is the bytes of its configuration. */
export interface NamedImage {
  readonly name: Name;
  readonly tag: Tag;
  readonly manifest: Manifest;
  readonly config: Uint8Array;
}

/** One line of an image's history and the layer that it made. */
interface Step {
  readonly entry: JsonObject;
  readonly layer: Digest;
}

const configTypes: ReadonlySet<string> = new Set([
  'application/vnd.docker.container.image.v1+json',
  'application/vnd.oci.image.config.v1+json',
]);

/** What a client of schema 1 can unpack: no zstd, nothing encrypted. */
const layerTypes: ReadonlySet<string> = new Set([
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
  'application/vnd.docker.image.rootfs.diff.tar',
  'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.oci.image.layer.v1.tar',
]);

/**
 * The unsigned text of the schema 1 manifest of an image, always the same for the same image, name and tag; undefined
 * for what schema 1 cannot say: artifacts, foreign or zstd layers, a history that does not fit the layers.
 * `hash` gives 64 hex digits. Docker image manifest v2 schema 1, "Manifest Field Descriptions".
 */
export function toSchema1(
  { name, tag, manifest, config }: NamedImage,
  hash: (text: string) => string,
): string | undefined {
  const [described, ...layers] = manifest.blobs;
  if (!described || !configTypes.has(described.mediaType)) return undefined;
  if (!layers.every(({ mediaType }) => layerTypes.has(mediaType))) return undefined;
  const image = parseJsonObject(config);
  const steps =
    image &&
    stepsOf(
      image,
      layers.map(({ digest }) => digest),
    );
  if (!steps || steps.length === 0) return undefined;
  const payload = {
    schemaVersion: 1,
    name,
    tag,
    architecture: typeof image.architecture === 'string' ? image.architecture : 'amd64',
    fsLayers: steps.map(({ layer }) => ({ blobSum: layer })).reverse(),
    history: compatibilities(image, steps, hash)
      .map((each) => ({ v1Compatibility: JSON.stringify(each) }))
      .reverse(),
  };
  return JSON.stringify(payload, undefined, schema1Indent);
}

/** Three spaces, as Docker's own tools write it; a signature in this text is indented alike. */
export const schema1Indent = 3;

/** The history, oldest first; undefined when it names more layers than there are, or fewer. */
function stepsOf(image: JsonObject, layers: readonly Digest[]): readonly Step[] | undefined {
  const entries = historyOf(image);
  const left = [...layers];
  const steps = entries.map((entry) => ({
    entry,
    layer: entry.empty_layer === true ? emptyLayer : left.shift(),
  }));
  const whole = steps.filter((step): step is Step => step.layer !== undefined);
  return left.length === 0 && whole.length === steps.length ? whole : undefined;
}

/** The history is optional; without it there is one step for each layer. OCI image-spec config.md "history". */
function historyOf({ history, rootfs }: JsonObject): readonly JsonObject[] {
  if (Array.isArray(history) && history.length > 0) return history.filter(isJsonObject);
  const ids = isJsonObject(rootfs) ? rootfs.diff_ids : undefined;
  return Array.isArray(ids) ? ids.map(() => ({})) : [];
}

/** What each step was as a v1 image, oldest first: a chain of parents whose end has the configuration. */
function compatibilities(
  image: JsonObject,
  steps: readonly Step[],
  hash: (text: string) => string,
): readonly JsonObject[] {
  const { rootfs: _rootfs, history: _history, ...configuration } = image;
  const made: JsonObject[] = [];
  let parent: string | undefined;
  for (const [at, { entry, layer }] of steps.entries()) {
    const isLast = at === steps.length - 1;
    const chain = `${layer} ${parent ?? ''}`;
    const id = hash(isLast ? `${chain} ${JSON.stringify(image)}` : chain);
    made.push({
      ...(isLast ? configuration : fromHistory(entry)),
      id,
      ...(parent !== undefined && { parent }),
      // An empty layer must be marked, or a client counts it as one that has files.
      ...(entry.empty_layer === true && { throwaway: true }),
    });
    parent = id;
  }
  return made;
}

function fromHistory({ created, created_by, author, comment }: JsonObject): JsonObject {
  // JSON leaves out what is undefined.
  return {
    created,
    author,
    comment,
    container_config: { Cmd: [typeof created_by === 'string' ? created_by : ''] },
  };
}
