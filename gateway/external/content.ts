import type { Readable } from 'node:stream';
import type {
  Authorizer,
  Destination,
  Digest,
  Name,
  RepositoryContent,
  Upstream,
} from '../../registry/index.ts';

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

/** What is read by who may read nothing. */
export const nothing: Source = {
  findBlob: () => Promise.resolve(undefined),
  openBlob: () => Promise.resolve(undefined),
  findManifest: () => Promise.resolve(undefined),
};

/** The same source, read under one name whatever is asked for. */
export function named(source: Source, name: Name): Source {
  return {
    findBlob: (_, digest, signal) => source.findBlob(name, digest, signal),
    openBlob: (_, digest, signal) => source.openBlob(name, digest, signal),
    findManifest: (_, digest, signal) => source.findManifest(name, digest, signal),
  };
}

/** A repository of ours as a source. */
export function sourceOfRepository(content: RepositoryContent): Source {
  return {
    findBlob: (name, digest) => content.findBlob(name, digest, 'anywhere'),
    openBlob: (name, digest) => content.openBlob(name, digest, 'anywhere'),
    findManifest: (name, digest) => content.findManifest(name, digest, 'anywhere'),
  };
}

/** A hosted repository of ours as a sink. */
export function sinkOfRepository(content: RepositoryContent): Sink {
  return {
    hasBlob: async (name, digest) => (await content.findBlob(name, digest, 'local')) !== undefined,
    hasManifest: async (name, digest) => (await content.findManifest(name, digest, 'local')) !== undefined,
    async putBlob({ name, digest }, open, signal) {
      const body = await open();
      const stop = (): void => void body.destroy(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      try {
        await content.putBlob(name, digest, body);
      } finally {
        signal.removeEventListener('abort', stop);
        body.destroy();
      }
    },
    putManifest: (name, digest, manifest) => content.putManifest(name, digest, manifest),
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
