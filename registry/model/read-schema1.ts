import { isDigest } from './digest.ts';
import { RegistryError } from './errors.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from './json.ts';
import type { Descriptor, Manifest } from './manifest.ts';
import { schema1Types } from './schema1.ts';

/**
 * What a schema 1 manifest references; it says no sizes, they are 0. Throws `manifestInvalid`.
 * Docker image manifest v2 schema 1, "fsLayers".
 */
export function parseSchema1(bytes: Uint8Array, mediaType: string): Manifest {
  const json = parseJsonObject(digestedPart(bytes, mediaType));
  if (json?.schemaVersion !== 1) throw invalid('has no "schemaVersion": 1');
  const { fsLayers } = json;
  if (!Array.isArray(fsLayers)) throw invalid('has no list at fsLayers');
  const layers = fsLayers.map((each: unknown, at) => layerOf(each, at));
  // A layer that changed no file is there once for each step.
  const blobs = [...new Map(layers.map((each) => [each.digest, each])).values()];
  return { mediaType, blobs, manifests: [], subject: undefined, artifactType: undefined, annotations: {} };
}

function layerOf(value: unknown, at: number): Descriptor {
  const digest = isJsonObject(value) ? value.blobSum : undefined;
  if (typeof digest === 'string' && isDigest(digest)) return { digest, size: 0, mediaType: '' };
  throw invalid(`has no valid digest at fsLayers[${at}]`);
}

/**
 * The part of a manifest that its digest is of: of a signed schema 1 manifest the text without its signatures, of
 * any other all of it. Throws `manifestInvalid`. libtrust, "libtrust Signature"; it is not checked who signed.
 */
export function digestedPart(bytes: Uint8Array, mediaType: string): Uint8Array {
  if (mediaType !== schema1Types.signed) return bytes;
  const signatures = parseJsonObject(bytes)?.signatures;
  const formats = Array.isArray(signatures) ? signatures.map(formatOf) : [];
  const [first, ...others] = formats;
  if (!first || others.some((each) => each?.length !== first.length || each.tail !== first.tail))
    throw invalid('has no signatures that tell what they sign');
  if (first.length > bytes.byteLength) throw invalid('is shorter than its signatures say');
  const tail = Uint8Array.from(first.tail, (letter) => letter.charCodeAt(0));
  const part = new Uint8Array(first.length + tail.byteLength);
  part.set(bytes.subarray(0, first.length));
  part.set(tail, first.length);
  return part;
}

/** How many bytes are signed, and the letters that follow them in the signed text, one for each byte. */
function formatOf(signature: unknown): { readonly length: number; readonly tail: string } | undefined {
  const text = isJsonObject(signature) ? decoded(signature.protected) : undefined;
  const json = text === undefined ? undefined : parseLetters(text);
  const tail = decoded(json?.formatTail);
  const length = json?.formatLength;
  const fits = typeof length === 'number' && Number.isSafeInteger(length) && length >= 0;
  return fits && tail !== undefined ? { length, tail } : undefined;
}

function parseLetters(text: string): JsonObject | undefined {
  return parseJsonObject(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
}

/** base64url without padding. RFC 7515 2. */
function decoded(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^[\w-]*$/.test(value)) return undefined;
  try {
    return atob(value.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return undefined;
  }
}

function invalid(what: string): RegistryError {
  return new RegistryError('manifestInvalid', { message: `manifest invalid: it ${what}` });
}
