import type { Config, HostConfig } from '../config/index.ts';

/** The prefixes of the upstreams that reads through a host reach, in order, such as `docker.io`; unknown hosts are the first. */
export function mirrorsOf({ hosts, repositories }: Config, host: string): string[] {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const isSplit = (each: HostConfig): boolean => each.kind === 'split';
  const found =
    hosts.get(bare) ?? hosts.get(bare.replace(/^[^.]+/, '*')) ?? [...hosts.values()].find(isSplit);
  if (found?.kind !== 'split' || !('repository' in found.read)) return [];
  const prefixes = (name: string): string[] => {
    const repository = repositories.get(name);
    if (repository?.type === 'proxy') return [repository.prefix];
    return repository?.type === 'group' ? repository.members.flatMap(prefixes) : [];
  };
  return [...new Set(prefixes(found.read.repository))];
}
