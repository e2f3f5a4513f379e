import { isDigest, type Digest } from './digest.ts';
import { isJsonObject, parseJsonObject, type JsonObject } from './json.ts';

/** The first entry of an index for a platform; undefined without one. OCI image-spec image-index.md "platform". */
export function platformDigest(index: Uint8Array, os: string, architecture: string): Digest | undefined {
  const found = entriesOf(index).find(
    ({ platform }) => isJsonObject(platform) && platform.os === os && platform.architecture === architecture,
  );
  return typeof found?.digest === 'string' && isDigest(found.digest) ? found.digest : undefined;
}

/** Platforms as `os/architecture` or `os/architecture/variant`, or everything that there is. */
export type Platforms = readonly string[] | 'all';

/** What an index has for the platforms that somebody wants. */
export interface PlatformChoice {
  /** Those for these platforms, and those that do not say for which platform they are; each once. */
  readonly digests: readonly Digest[];
  /** Those of the wanted platforms that an entry is for. */
  readonly met: readonly string[];
  /** Every platform that an entry says, as it says it; attestations say `unknown/unknown`. */
  readonly offered: readonly string[];
}

/**
 * Chooses entries of an index. A platform without a variant is met by all its variants, and an entry without one has
 * the variant that is usual for its architecture. OCI image-spec image-index.md "platform"; Go's GOARM, GOAMD64.
 */
export function choosePlatforms(index: Uint8Array, wanted: Platforms): PlatformChoice {
  const entries = entriesOf(index).flatMap(readEntry);
  const isFor = ({ os, architecture, variant }: Platform, text: string): boolean =>
    [`${os}/${architecture}`, `${os}/${architecture}/${variant}`].includes(text);
  const chosen = entries.filter(
    ({ platform }) => wanted === 'all' || !platform || wanted.some((each) => isFor(platform, each)),
  );
  const platforms = entries.flatMap(({ platform }) => platform ?? []);
  return {
    digests: [...new Set(chosen.map(({ digest }) => digest))],
    met: wanted === 'all' ? [] : wanted.filter((each) => platforms.some((platform) => isFor(platform, each))),
    offered: [...new Set(platforms.map(({ text }) => text))],
  };
}

interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant: string;
  readonly text: string;
}

interface Entry {
  readonly digest: Digest;
  readonly platform: Platform | undefined;
}

const usualVariants: ReadonlyMap<string, string> = new Map([
  ['amd64', 'v1'],
  ['arm', 'v7'],
  ['arm64', 'v8'],
]);

function entriesOf(index: Uint8Array): readonly JsonObject[] {
  const manifests = parseJsonObject(index)?.manifests;
  return Array.isArray(manifests) ? manifests.filter(isJsonObject) : [];
}

function readEntry({ digest, platform }: JsonObject): Entry[] {
  if (typeof digest !== 'string' || !isDigest(digest)) return [];
  return [{ digest, platform: isJsonObject(platform) ? readPlatform(platform) : undefined }];
}

function readPlatform({ os, architecture, variant }: JsonObject): Platform | undefined {
  if (typeof os !== 'string' || typeof architecture !== 'string') return undefined;
  const own = typeof variant === 'string' && variant !== '' ? variant : undefined;
  const text = [os, architecture, ...(own === undefined ? [] : [own])].join('/');
  return { os, architecture, variant: own ?? usualVariants.get(architecture) ?? '', text };
}
