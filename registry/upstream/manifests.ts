import { createHash } from 'node:crypto';
import {
  algorithmOf,
  digestedPart,
  digestFrom,
  isDigest,
  manifestTypes,
  parseManifest,
  parseSchema1,
  RegistryError,
  schema1Types,
  withoutParameters,
  type Digest,
  type DigestAlgorithm,
  type Manifest,
  type Reference,
} from '../model/index.ts';
import type { Answer } from './answer.ts';
import { UpstreamFailure } from './failure.ts';
import type { ClientSettings } from './settings.ts';

/** What an upstream says of a manifest without sending it. */
export interface UpstreamManifestHead {
  /** What a tag names now; undefined when the upstream does not say it, and only a GET will tell. */
  readonly digest: Digest | undefined;
  /** Without parameters; empty when the upstream does not say it. */
  readonly mediaType: string;
  /** In bytes. */
  readonly size: number | undefined;
}

/** A manifest whose bytes have the digest, of signed schema 1 those without the signatures. */
export interface UpstreamManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** The most that a manifest may have, in bytes: twice what OCI distribution-spec 1.1 wants every registry to take. */
const manifestLimit = 8 * 1024 * 1024;

/** The types of manifests that are asked for, the newest first, and taken. */
export function takenTypes({ schema1 = false }: Pick<ClientSettings, 'schema1'>): readonly string[] {
  return schema1 ? [...manifestTypes, ...Object.values(schema1Types)] : manifestTypes;
}

/** Content-Types that registries behind file servers and object stores give to manifests too. */
const saysNothing: ReadonlySet<string> = new Set([
  '',
  'application/json',
  'application/octet-stream',
  'binary/octet-stream',
  'text/plain',
]);

/** Reads an answer of 200 to HEAD; throws UpstreamFailure when it cannot be that of a registry. */
export function readHead(
  upstream: string,
  types: readonly string[],
  answer: Answer,
  reference: Reference,
): UpstreamManifestHead {
  answer.drop();
  const type = mediaTypeOf(answer);
  const isKnown = types.includes(type);
  if (!isKnown && !saysNothing.has(type)) throw wrongType(upstream, answer, type);
  const wanted = wantedDigest(reference);
  const said = saidDigest(answer);
  if (wanted && said && algorithmOf(wanted) === algorithmOf(said) && wanted !== said)
    throw wrongDigest(upstream, answer);
  return { digest: wanted ?? said, mediaType: isKnown ? type : '', size: answer.length };
}

/**
 * Reads an answer of 200 to GET. Its bytes must have the digest that was asked for and the one that the upstream says;
 * throws UpstreamFailure otherwise, and for what is no manifest.
 */
export async function readManifest(
  upstream: string,
  types: readonly string[],
  answer: Answer,
  reference: Reference,
): Promise<UpstreamManifest> {
  const type = mediaTypeOf(answer);
  // The digest of a tag's manifest may be ours alone to compute, and must then be that of the plain bytes.
  const isPlain = /^(identity)?$/.test(answer.header('content-encoding') ?? '');
  if (!isPlain || !(types.includes(type) || saysNothing.has(type))) {
    answer.drop();
    throw wrongType(upstream, answer, isPlain ? type : 'compressed bytes');
  }
  const bytes = await answer.read(manifestLimit);
  const mediaType = types.includes(type) ? type : typeOf(bytes);
  if (mediaType === undefined || !types.includes(mediaType)) throw wrongType(upstream, answer, type);
  const part = digested(upstream, answer, bytes, mediaType);
  const claims = [wantedDigest(reference), saidDigest(answer)].filter((claim) => claim !== undefined);
  if (claims.some((claim) => claim !== digestOf(algorithmOf(claim), part)))
    throw wrongDigest(upstream, answer);
  return { digest: claims[0] ?? digestOf('sha256', part), mediaType, bytes };
}

/** Every kind of manifest tries to read the bytes; those that throw are not it. */
const readings: readonly ((bytes: Uint8Array) => Manifest)[] = [
  (bytes) => parseManifest(bytes, ''),
  (bytes) => parseSchema1(bytes, schema1Types.signed),
  (bytes) => parseSchema1(bytes, schema1Types.plain),
];

/** The type of a manifest by what it holds; undefined when it is none, or could be taken for either of two. */
function typeOf(bytes: Uint8Array): string | undefined {
  for (const read of readings) {
    try {
      return read(bytes).mediaType;
    } catch (cause) {
      if (!(cause instanceof RegistryError)) throw cause;
    }
  }
  return undefined;
}

function digested(upstream: string, answer: Answer, bytes: Uint8Array, mediaType: string): Uint8Array {
  try {
    return digestedPart(bytes, mediaType);
  } catch (cause) {
    if (!(cause instanceof RegistryError)) throw cause;
    const message = `${answer.url.host} sent a manifest that cannot be used: ${cause.message}`;
    throw new UpstreamFailure(upstream, 'bad-answer', message, { status: answer.status, cause });
  }
}

/** The digest that an upstream says its content has. OCI distribution-spec 1.1, "Pulling manifests". */
export function saidDigest(answer: Answer): Digest | undefined {
  const said = answer.header('docker-content-digest') ?? '';
  return isDigest(said) ? said : undefined;
}

/** The failure of an upstream that sends or names other content than was asked for. */
export function wrongDigest(upstream: string, answer: Answer): UpstreamFailure {
  const message = `${answer.url.host} sent content with another digest than it should have: its copy is damaged, or something on the way changes it`;
  return new UpstreamFailure(upstream, 'bad-answer', message, { status: answer.status });
}

function mediaTypeOf(answer: Answer): string {
  return withoutParameters(answer.header('content-type') ?? '');
}

function wantedDigest(reference: Reference): Digest | undefined {
  return 'digest' in reference ? reference.digest : undefined;
}

function digestOf(algorithm: DigestAlgorithm, bytes: Uint8Array): Digest {
  return digestFrom(algorithm, createHash(algorithm).update(bytes).digest('hex'));
}

function wrongType(upstream: string, answer: Answer, what: string): UpstreamFailure {
  const sent = what === '' ? 'content without a type' : what.slice(0, 100);
  const message = `${answer.url.host} sent ${sent} where a manifest was asked for: check that it is a registry, and that no login page answers in its place`;
  return new UpstreamFailure(upstream, 'bad-answer', message, { status: answer.status });
}
