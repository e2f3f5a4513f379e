import type { ProxyConfig, RepositoryConfig } from './config.ts';
import { defaultPrefix, dockerHubPrefix } from './prefixes.ts';
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
  const { username, password, library, ca, ...rest } = settings;
  const prefix = settings.prefix ?? defaultPrefix(settings.upstream) ?? '';
  return {
    ...rest,
    prefix,
    library: library === 'auto' ? prefix === dockerHubPrefix : library,
    index: settings.index,
    routes: settings.routes,
    credentials: username === undefined || password === undefined ? undefined : { username, password },
    ca: ca === undefined ? undefined : absolute(ca),
  };
}
