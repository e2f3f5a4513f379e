import type { Readable } from 'node:stream';
import type { Authorizer, Destination, Digest, Name, Upstream } from '../../registry/index.ts';

/** A manifest on its way. */
export interface CarriedManifest {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Where content is brought from, as one caller may read it. Undefined is a definite no; everything else is thrown. */
export interface Source {
  findBlob(
    name: Name,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<{ readonly size: number | undefined } | undefined>;
  /** The stream must be read or destroyed. */
  openBlob(name: Name, digest: Digest, signal: AbortSignal): Promise<Readable | undefined>;
  findManifest(name: Name, digest: Digest, signal: AbortSignal): Promise<CarriedManifest | undefined>;
}

/** Where content is brought to, as one caller may write it. */
export interface Sink {
  hasBlob(name: Name, digest: Digest, signal: AbortSignal): Promise<boolean>;
  hasManifest(name: Name, digest: Digest, signal: AbortSignal): Promise<boolean>;
  /** `open` is called at most once; nothing is kept of bytes that have another digest. */
  putBlob(
    blob: { readonly name: Name; readonly digest: Digest; readonly size: number | undefined },
    open: () => Promise<Readable>,
    signal: AbortSignal,
  ): Promise<void>;
  putManifest(name: Name, digest: Digest, manifest: CarriedManifest, signal: AbortSignal): Promise<void>;
}

/** An external registry as a source. */
export function sourceOf(upstream: Upstream): Source {
  return {
    findBlob: (name, digest, signal) => upstream.headBlob(name, digest, signal),
    openBlob: async (name, digest, signal) => (await upstream.getBlob(name, digest, 0, signal))?.body,
    findManifest: (name, digest, signal) => upstream.getManifest(name, { digest }, signal),
  };
}

/** What an external registry is written to with. */
export interface SinkParts {
  /** Of the registry, as the caller sees it. */
  readonly upstream: Upstream;
  readonly destination: Destination;
  /** Who gives the credentials, or the caller's own. */
  readonly authorizer: Authorizer | string | undefined;
}

/** An external registry as a sink. */
export function sinkOf({ upstream, destination, authorizer }: SinkParts): Sink {
  const authorize = (name: Name, signal: AbortSignal): Promise<string | undefined> =>
    typeof authorizer === 'object'
      ? authorizer.authorize(`repository:${name}:pull,push`, signal)
      : Promise.resolve(authorizer);
  return {
    hasBlob: async (name, digest, signal) => (await upstream.headBlob(name, digest, signal)) !== undefined,
    hasManifest: async (name, digest, signal) =>
      (await upstream.headManifest(name, { digest }, signal)) !== undefined,
    async putBlob(blob, open, signal) {
      await destination.pushBlob(blob, open, await authorize(blob.name, signal), signal);
    },
    async putManifest(name, digest, manifest, signal) {
      await destination.pushManifest(name, { digest }, manifest, await authorize(name, signal), signal);
    },
  };
}
