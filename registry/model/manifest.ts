import { isDigest, type Digest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { isImageType, isIndexType, livesElsewhere, mediaTypes, withoutParameters } from './media-types.ts';

/** What a manifest says of another piece of content; `size` in bytes. OCI image-spec descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
}

/** What we need to know of a manifest; its bytes are kept apart and never rewritten. */
export interface Manifest {
  readonly mediaType: string;
  /** Config and layers that must be in the registry. */
  readonly blobs: readonly Descriptor[];
  /** The children of an index. */
  readonly manifests: readonly Descriptor[];
  readonly subject: Descriptor | undefined;
  /** The manifest's own, else its config's media type. OCI distribution-spec 1.1, "Listing Referrers". */
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

type Json = Record<string, unknown>;

/** Content-Types that tools send of their own accord, curl the last one. */
const saysNothing: ReadonlySet<string> = new Set([
  '',
  'application/json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
]);

/**
 * Reads a manifest's JSON; `contentType` as sent, empty when none was. Throws `manifestInvalid` with the place.
 * OCI image-spec manifest.md, image-index.md.
 */
export function parseManifest(bytes: Uint8Array, contentType: string): Manifest {
  const json = parseJson(bytes);
  const mediaType = decideMediaType(json, withoutParameters(contentType));
  const subject = json.subject == null ? undefined : descriptor(json.subject, 'subject');
  const annotations = stringMap(json.annotations);
  const own =
    typeof json.artifactType === 'string' && json.artifactType !== '' ? json.artifactType : undefined;
  refuseAmbiguous(json, mediaType);
  if (isIndexType(mediaType)) {
    const manifests = list(json.manifests, 'manifests').map((each, at) =>
      descriptor(each, `manifests[${at}]`),
    );
    return { mediaType, blobs: [], manifests, subject, artifactType: own, annotations };
  }
  const config = descriptor(json.config, 'config');
  const layers = list(json.layers, 'layers').map((each, at) => descriptor(each, `layers[${at}]`));
  const blobs = [config, ...layers].filter((each) => !livesElsewhere(each.mediaType));
  return { mediaType, blobs, manifests: [], subject, artifactType: own ?? config.mediaType, annotations };
}

function parseJson(bytes: Uint8Array): Json {
  try {
    // A byte order mark is kept, and then is no JSON: most clients could not read such a manifest.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const json: unknown = JSON.parse(text);
    if (isObject(json)) return json;
  } catch (cause) {
    throw invalid('is not JSON', cause);
  }
  throw invalid('is not a JSON object');
}

/** The Content-Type and the manifest's own `mediaType` must agree; one of them may be missing. */
function decideMediaType(json: Json, contentType: string): string {
  const own = typeof json.mediaType === 'string' ? json.mediaType : '';
  const known = (type: string): boolean => isIndexType(type) || isImageType(type);
  if (json.schemaVersion !== 2) throw invalid('has no "schemaVersion": 2');
  if (own !== '' && known(contentType) && own !== contentType) {
    throw invalid(`says mediaType ${own} but was sent as ${contentType}`);
  }
  if (known(contentType)) return contentType;
  if (!saysNothing.has(contentType)) throw invalid(`is of the unknown type ${contentType}`);
  if (known(own)) return own;
  if (own !== '') throw invalid(`is of the unknown type ${own}`);
  return 'manifests' in json ? mediaTypes.ociIndex : mediaTypes.ociManifest;
}

/** What is an image to one client and an index to another could pass a check as the one and run as the other. */
function refuseAmbiguous(json: Json, mediaType: string): void {
  const foreign = isIndexType(mediaType) ? ['config', 'layers'] : ['manifests'];
  const found = foreign.find((key) => json[key] != null);
  if (found !== undefined) throw invalid(`has "${found}", which is not of the type ${mediaType}`);
}

function descriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw invalid(`has no descriptor at ${where}`);
  const { digest, size, mediaType } = value;
  if (typeof digest !== 'string' || !isDigest(digest)) throw invalid(`has no valid digest at ${where}`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw invalid(`has no valid size at ${where}`);
  return { digest, size, mediaType: typeof mediaType === 'string' ? mediaType : '' };
}

function list(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  if (value === null) return []; // what Go writes for an empty slice
  throw invalid(`has no list at ${where}`);
}

function stringMap(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(what: string, cause?: unknown): RegistryError {
  return new RegistryError('manifestInvalid', { message: `manifest invalid: it ${what}`, cause });
}
