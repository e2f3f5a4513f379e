import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { BlobReader } from '../blobs/index.ts';
import {
  digestFrom,
  isImageType,
  isIndexType,
  manifestTypes,
  parseManifest,
  platformDigest,
  RegistryError,
  schema1Types,
  toSchema1,
  withoutParameters,
  type Digest,
  type Name,
  type Tag,
} from '../model/index.ts';
import type { FoundManifest } from '../repositories/index.ts';
import { UpstreamFailure } from '../upstream/index.ts';
import type { Target } from './handler.ts';

/** Larger configurations, in bytes, are not rewritten. */
const configLimit = 8 * 1024 * 1024;

/** True when the client can take a manifest of schema 2 or of OCI. RFC 9110 12.5.1, except that no Accept is no. */
export function takesNewTypes({ headers }: IncomingMessage): boolean {
  const named = (headers.accept ?? '').split(',').map(withoutParameters);
  return named.some((type) => type === '*/*' || type === 'application/*' || manifestTypes.includes(type));
}

/**
 * The signed schema 1 form of what a tag names, of an index that of its linux/amd64 image; undefined when it has none
 * or what it is made of cannot be had. Docker image manifest v2 schema 1.
 */
export async function olderForm(
  name: Name,
  tag: Tag,
  found: FoundManifest,
  target: Target,
): Promise<FoundManifest | undefined> {
  const { schema1 } = target;
  if (!schema1) return undefined;
  try {
    const payload = await payloadOf(name, tag, found, target);
    if (payload === undefined) return undefined;
    const digest = digestFrom('sha256', sha256(payload));
    return { ...found, digest, mediaType: schema1Types.signed, bytes: schema1(payload) };
  } catch (fault) {
    if (fault instanceof RegistryError || fault instanceof UpstreamFailure) return undefined;
    throw fault;
  }
}

async function payloadOf(
  name: Name,
  tag: Tag,
  found: FoundManifest,
  target: Target,
): Promise<string | undefined> {
  const image = isIndexType(found.mediaType) ? await commonImage(name, found, target) : found;
  if (!image || !isImageType(image.mediaType)) return undefined;
  const manifest = parseManifest(image.bytes, image.mediaType);
  const config = manifest.blobs[0] && (await readConfig(name, manifest.blobs[0].digest, target));
  return config && toSchema1({ name, tag, manifest, config }, sha256);
}

/** The image of an index for the platform that clients of schema 1 ran on. */
async function commonImage(
  name: Name,
  { bytes }: FoundManifest,
  { source, reach }: Target,
): Promise<FoundManifest | undefined> {
  const digest = platformDigest(bytes, 'linux', 'amd64');
  return digest && (await source.findManifest(name, { digest }, reach));
}

async function readConfig(
  name: Name,
  digest: Digest,
  { source, reach }: Target,
): Promise<Uint8Array | undefined> {
  const opened = await source.openBlob(name, digest, reach);
  return opened && (await readWhole(opened.reader));
}

async function readWhole(reader: BlobReader): Promise<Uint8Array | undefined> {
  try {
    if (reader.size > configLimit) return undefined;
    const bytes = Buffer.alloc(reader.size);
    for (let at = 0; at < bytes.byteLength;) {
      const count = await reader.read(bytes.subarray(at), at);
      if (count === 0) throw new Error('a blob ended before its size');
      at += count;
    }
    return bytes;
  } finally {
    await reader.close();
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
