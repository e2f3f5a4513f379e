import type { BlobStore } from '../blobs/index.ts';
import type { Metadata } from '../metadata/index.ts';
import { namePatterns, readNames, type Name } from '../model/index.ts';
import { createUpstream, type Upstream } from '../upstream/index.ts';
import { GroupRepository } from './group.ts';
import { HostedRepository } from './hosted.ts';
import { ProxyRepository } from './proxy.ts';
import type { ReadableRepository } from './repository.ts';
import type { HostedSettings, ProxySettings, RepositorySettings } from './settings.ts';

/** Every repository by its name, and how to end what they do. */
export interface Repositories {
  get(repository: string): ReadableRepository | undefined;
  /** Ends downloads and closes connections to upstreams. */
  close(): Promise<void>;
}

/** What repositories are built on. */
export interface Stores {
  readonly metadata: Metadata;
  readonly blobs: BlobStore;
}

/**
 * Builds all configured repositories; with `schema1` proxies take such manifests too. Throws for a member that does not
 * exist and for groups in a circle.
 */
export function buildRepositories(
  settings: ReadonlyMap<string, RepositorySettings>,
  stores: Stores,
  onFault: (fault: unknown) => void,
  schema1 = false,
): Repositories {
  const { images, absences } = stores.metadata;
  const ending = new AbortController();
  const upstreams: Upstream[] = [];
  const built = new Map<string, ReadableRepository>();
  const isPrivate = privateNames(settings);

  const proxy = (name: string, own: ProxySettings): ProxyRepository => {
    const upstream = createUpstream({ ...upstreamSettings(name, own), schema1 });
    upstreams.push(upstream);
    const { blobs } = stores;
    return new ProxyRepository(name, own, {
      images,
      absences,
      blobs,
      upstream,
      isPrivate,
      signal: ending.signal,
      onFault,
    });
  };
  const build = (name: string, outer: readonly string[]): ReadableRepository => {
    const own = settings.get(name);
    if (!own) throw new Error(`there is no repository ${name}`);
    if (outer.includes(name)) throw new Error(`groups in a circle: ${[...outer, name].join(' > ')}`);
    const repository =
      built.get(name) ??
      (own.type === 'hosted'
        ? new HostedRepository(name, own, { images, absences, blobs: stores.blobs })
        : own.type === 'proxy'
          ? proxy(name, own)
          : new GroupRepository(
              name,
              own,
              own.members.map((member) => build(member, [...outer, name])),
            ));
    built.set(name, repository);
    return repository;
  };
  for (const name of settings.keys()) build(name, []);

  return {
    get: (repository) => built.get(repository),
    async close() {
      ending.abort(new Error('the registry is closing'));
      await Promise.all(upstreams.map((upstream) => upstream.close()));
    },
  };
}

function upstreamSettings(name: string, { upstreams, username, password, ca }: ProxySettings) {
  return {
    name,
    urls: upstreams,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
  };
}

/** Names that no upstream may be asked for, by whichever hosted repository says so. */
function privateNames(settings: ReadonlyMap<string, RepositorySettings>): (name: Name) => boolean {
  const hosted = [...settings.values()].filter((each): each is HostedSettings => each.type === 'hosted');
  const isPrivate = namePatterns(hosted.flatMap((each) => each.private));
  return (name) => readNames(name).some((form) => isPrivate(form));
}
