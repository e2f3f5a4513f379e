import type { BlobStore } from '../blobs/index.ts';
import type { Metadata, Place } from '../metadata/index.ts';
import type { Digest } from '../model/index.ts';
import { createUpstream, type Outbound, type Upstream, type UpstreamSettings } from '../upstream/index.ts';
import { Fills, type FillFacts } from './fills.ts';
import { GroupRepository } from './group.ts';
import { HostedRepository } from './hosted.ts';
import { PrivateNames } from './private-names.ts';
import { ProxyRepository } from './proxy.ts';
import type { ReadableRepository } from './repository.ts';
import type { ProxySettings, RepositorySettings } from './settings.ts';

/** A proxy and what it reads from. */
export interface BuiltProxy {
  readonly settings: ProxySettings;
  readonly upstream: Upstream;
  readonly fills: () => FillFacts;
}

/** Every repository by its name, and how to end what they do. */
export interface Repositories {
  get(repository: string): ReadableRepository | undefined;
  readonly proxies: ReadonlyMap<string, BuiltProxy>;
  /** Ends downloads and closes connections to upstreams; the stores must be open until it fulfils. */
  close(): Promise<void>;
}

/** What repositories are built on. */
export interface Stores {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
}

/** How they are built. */
export interface BuildOptions {
  /** This process, among those on the same data. */
  readonly me: string;
  /** Told of every fault that no client may have seen. */
  readonly onFault: (fault: unknown) => void;
  /** Told of what clients pull from a cache. */
  readonly onPull?: (place: Place, digest: Digest) => void;
  /** Told of the proxy that has got a blob more. */
  readonly onKept?: (repository: string) => void;
  /** Whether proxies take manifests of schema 1 too. */
  readonly schema1?: boolean;
  /** How the outside is reached. */
  readonly outbound?: Outbound;
}

/** Builds all configured repositories. Throws for a member that does not exist and for groups in a circle. */
export function buildRepositories(
  settings: ReadonlyMap<string, RepositorySettings>,
  stores: Stores,
  options: BuildOptions,
): Repositories {
  const { metadata, blobs } = stores;
  const {
    me,
    onFault,
    onPull = () => undefined,
    onKept = () => undefined,
    outbound,
    schema1 = false,
  } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const fills = new Fills({ blobs, metadata, me, signal, onKept, onFault });
  const privateNames = new PrivateNames(settings, metadata.images);
  const proxies = new Map<string, BuiltProxy>();
  const built = new Map<string, ReadableRepository>();

  const proxy = (name: string, own: ProxySettings): ProxyRepository => {
    const upstream = createUpstream({
      ...upstreamSettings(name, own),
      schema1,
      ...(outbound && { outbound }),
    });
    proxies.set(name, { settings: own, upstream, fills: () => fills.factsOf(name) });
    return new ProxyRepository(name, own, {
      metadata,
      blobs,
      upstream,
      fills,
      privateNames,
      onPull,
      signal,
      onFault,
    });
  };
  const build = (name: string, outer: readonly string[]): ReadableRepository => {
    const own = settings.get(name);
    if (!own) throw new Error(`there is no repository ${name}`);
    if (outer.includes(name)) throw new Error(`groups in a circle: ${[...outer, name].join(' > ')}`);
    const inner = [...outer, name];
    const repository = built.get(name) ?? make(name, own, inner);
    built.set(name, repository);
    return repository;
  };
  const make = (name: string, own: RepositorySettings, inner: readonly string[]): ReadableRepository => {
    if (own.type === 'hosted') return new HostedRepository(name, own, { ...metadata, blobs });
    if (own.type === 'proxy') return proxy(name, own);
    const members = own.members.map((member) => build(member, inner));
    return new GroupRepository(name, own, members);
  };
  for (const name of settings.keys()) build(name, []);

  return {
    get: (repository) => built.get(repository),
    proxies,
    async close() {
      ending.abort(new Error('the registry is closing'));
      await fills.close();
      await Promise.all([...proxies.values()].map(({ upstream }) => upstream.close()));
    },
  };
}

function upstreamSettings(name: string, own: ProxySettings): UpstreamSettings {
  const { upstreams, index, username, password, ca, clientCertificate } = own;
  const { connectTimeout, headersTimeout, bodyTimeout, maxConnections, autoBlock } = own;
  return {
    name,
    urls: upstreams,
    ...(index && { index }),
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
    ...(clientCertificate && { clientCertificate }),
    ...{ connectTimeout, headersTimeout, bodyTimeout, maxConnections, autoBlock },
  };
}
