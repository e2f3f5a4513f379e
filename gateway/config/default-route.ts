import { defaultRoute } from './defaults.ts';
import type { RepositoryOutlines } from './outline.ts';

/** The repositories that a host reads and writes; without `write` it is read-only. */
export interface Route {
  readonly read: string;
  readonly write?: string;
}

/**
 * Where requests go when the file names no hosts: to the repositories of the default names if both are there, else
 * to the only group, else to the only repository. Undefined when there is more than one way to choose, or none.
 */
export function findRoute(repositories: RepositoryOutlines): Route | undefined {
  const { read, write } = defaultRoute;
  const typeOf = (name: string) => (Object.hasOwn(repositories, name) ? repositories[name]?.type : undefined);
  if (typeOf(read) === 'group' && typeOf(write) === 'hosted') return defaultRoute;
  const names = Object.keys(repositories);
  const groups = names.filter((name) => typeOf(name) === 'group');
  const [only, ...others] = groups.length > 0 ? groups : names;
  if (only === undefined || others.length > 0) return undefined;
  const writable = typeOf(only) === 'group' ? repositories[only]?.writable : only;
  return typeOf(only) !== 'proxy' && typeof writable === 'string'
    ? { read: only, write: writable }
    : { read: only };
}
