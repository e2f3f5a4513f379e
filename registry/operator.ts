import { readNamespace } from './http/namespace.ts';
import type { Metadata } from './metadata/index.ts';
import { referenceText, RegistryError, type Name, type Reference } from './model/index.ts';
import {
  prefetch,
  winnerOf,
  type FillFacts,
  type MemberAnswer,
  type PrefetchEvent,
  type PrefetchOptions,
  type ReadableRepository,
  type Repositories,
  type WantedImage,
} from './repositories/index.ts';
import type { UpstreamState } from './upstream/index.ts';

/** Why an image is answered as it is. */
export interface Explanation {
  readonly image: string;
  readonly name: Name;
  readonly reference: string;
  /** In the order in which they are read. */
  readonly members: readonly MemberAnswer[];
  /** The member whose answer a client gets; undefined when nobody has it. */
  readonly winner: string | undefined;
}

/** How one proxy and its upstream do. */
export interface UpstreamReport {
  readonly repository: string;
  /** What names of it begin with: `quay.io`. */
  readonly prefix: string;
  /** Whether the configuration forbids to ask it. */
  readonly offline: boolean;
  /** Who has blocked it by hand, when (ms since 1970) and why. */
  readonly blocked: { readonly by: string; readonly at: number; readonly reason: string } | undefined;
  readonly state: UpstreamState;
  /** In bytes; at most ten seconds old. */
  readonly cache: { readonly bytes: number; readonly limit: number | undefined };
  readonly fills: FillFacts;
}

/** What whoever runs the registry asks and tells it. */
export interface Operator {
  /** What each member answers for an image, as a client with this `ns` would be answered. Throws `nameUnknown`. */
  explain(repository: string, name: Name, reference: Reference, ns?: string): Promise<Explanation>;
  /** Has images fetched before a client asks for them; see `PrefetchEvent`. Throws the signal's reason. */
  prefetch(
    repository: string,
    images: readonly WantedImage[],
    options: PrefetchOptions,
  ): AsyncIterable<PrefetchEvent>;
  upstreams(): Promise<readonly UpstreamReport[]>;
  /** An image in the cache of a proxy as clients name it, `quay.io/coreos/etcd:v3.5.0`; undefined: there is none. */
  cachedImage(repository: string): Promise<string | undefined>;
  /** Keeps a proxy from asking its upstream until `unblock`, in every process; throws `nameUnknown`. */
  block(repository: string, by: string, reason: string): Promise<void>;
  /** False when it was not blocked; throws `nameUnknown`. */
  unblock(repository: string): Promise<boolean>;
}

/** How long the size of a cache is good, in ms: it is summed over all its blobs, and metrics ask for it often. */
const sizeGoodFor = 10_000;

/** Of a cache in which most images were pulled by digest, so that looking for a tag has an end. */
const namesLookedAt = 20;

/** Makes the operator's side of a registry with these `hosts`. */
export function createOperator(
  repositories: Repositories,
  { blocks, eviction }: Pick<Metadata, 'blocks' | 'eviction'>,
  hosts: ReadonlySet<string>,
): Operator {
  const find = (repository: string): ReadableRepository => {
    const found = repositories.get(repository);
    if (found) return found;
    throw new RegistryError('nameUnknown', { message: `there is no repository ${repository}` });
  };
  const refuseUnlessProxy = (repository: string): void => {
    if (repositories.proxies.has(repository)) return;
    throw new RegistryError('nameUnknown', { message: `there is no proxy repository ${repository}` });
  };
  const sizes = new Map<string, { readonly bytes: number; readonly until: number }>();
  const sizeOf = async (repository: string): Promise<number> => {
    const known = sizes.get(repository);
    if (known && Date.now() < known.until) return known.bytes;
    const bytes = await eviction.size(repository);
    sizes.set(repository, { bytes, until: Date.now() + sizeGoodFor });
    return bytes;
  };
  return {
    async explain(repository, name, reference, ns) {
      const all = find(repository);
      const namespace = readNamespace(ns, hosts);
      const source = namespace === undefined ? all : all.within(namespace);
      if (!source)
        throw new RegistryError('nameUnknown', {
          message: `no upstream here is known as ${namespace ?? ''}`,
        });
      const members = await source.explain(name, reference);
      const text = referenceText(reference);
      const image = `${name}${'tag' in reference ? ':' : '@'}${text}`;
      return { image, name, reference: text, members, winner: winnerOf(members, reference) };
    },
    prefetch: (repository, images, options) => prefetch(find(repository), images, options),
    async upstreams() {
      const blocked = await blocks.list();
      const proxies = [...repositories.proxies];
      return Promise.all(
        proxies.map(async ([repository, { settings, upstream, fills }]) => {
          const block = blocked.find((each) => each.repository === repository);
          return {
            repository,
            prefix: settings.prefix,
            offline: settings.offline,
            blocked: block && { by: block.by, at: block.at, reason: block.reason },
            state: upstream.state(),
            cache: { bytes: await sizeOf(repository), limit: settings.maxSize },
            fills: fills(),
          };
        }),
      );
    },
    async cachedImage(repository) {
      const prefix = repositories.proxies.get(repository)?.settings.prefix;
      if (prefix === undefined) return undefined;
      const cache = find(repository);
      const { entries } = await cache.listNames({ size: namesLookedAt, last: undefined });
      for (const name of entries) {
        const tags = await cache.listTags(name, { size: 1, last: undefined }, 'local');
        const [tag] = tags?.entries ?? [];
        if (tag !== undefined) return `${prefix}/${name}:${tag}`;
      }
      return undefined;
    },
    async block(repository, by, reason) {
      refuseUnlessProxy(repository);
      await blocks.block({ repository, by, at: Date.now(), reason });
    },
    async unblock(repository) {
      refuseUnlessProxy(repository);
      return blocks.unblock(repository);
    },
  };
}
