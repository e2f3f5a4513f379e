import type { ProxyConfig, RepositoryConfig } from './config.ts';
import { defaultPrefix, dockerHubPrefix } from './prefixes.ts';
import { resolveIntroduction } from './resolve-introduction.ts';
import type { Settings } from './schema.ts';

type RepositorySettings = Settings['repositories'][string];
type ProxySettings = Extract<RepositorySettings, { type: 'proxy' }>;

/** A repository with the defaults that depend on another of its keys; `absolute` makes a path of the file absolute. */
export function resolveRepository(
  settings: RepositorySettings,
  absolute: (name: string) => string,
): RepositoryConfig {
  switch (settings.type) {
    case 'hosted':
      return settings;
    case 'proxy':
      return resolveProxy(settings, absolute);
    case 'group':
      return { type: 'group', members: settings.members, writable: settings.writable };
  }
}

function resolveProxy(settings: ProxySettings, absolute: (name: string) => string): ProxyConfig {
  const { username, password, library, ca, upstream, clientCert, clientKey, ...rest } = settings;
  const [first] = upstream;
  const prefix = settings.prefix ?? (first && defaultPrefix(first)) ?? '';
  return {
    ...rest,
    upstreams: upstream,
    prefix,
    library: library === 'auto' ? prefix === dockerHubPrefix : library,
    index: settings.index,
    routes: settings.routes,
    ...resolveIntroduction({ username, password, ca, clientCert, clientKey }, absolute),
    maxSize: settings.maxSize,
    maxUnused: settings.maxUnused,
  };
}
