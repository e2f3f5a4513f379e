import type { Finding, Path } from '../errors.ts';
import type { Outline, RepositoryOutlines } from '../outline.ts';
import { isAddress } from '../targets.ts';
import { checkReference, entriesOf } from './references.ts';

type HostOutline = NonNullable<NonNullable<Outline['hosts']>[string]>;

/** What a host's keys say together, and that they name repositories which can do what is asked of them. */
export function* checkHosts({ hosts, repositories }: Outline): Iterable<Finding> {
  for (const [name, host] of entriesOf(hosts)) {
    const path = ['hosts', name];
    yield* checkKeys(path, host);
    for (const key of ['read', 'write'] as const) {
      const [named, ...others]: unknown[] = [host[key]].flat();
      // What is wrong with a list of repositories is said by the schema.
      if (isAddress(named) || others.length > 0) continue;
      yield* checkReference([...path, key], named, 'repository', repositories);
    }
    yield* checkWrite([...path, 'write'], host.write, repositories);
  }
}

function* checkKeys(path: Path, { read, write, forward, web }: HostOutline): Iterable<Finding> {
  const split = read !== undefined || write !== undefined;
  if (forward !== undefined) {
    if (split || (web !== undefined && web !== false)) {
      yield { path, message: 'forward passes everything on; take out read, write and web, or forward' };
    }
  } else if (!split && (web === undefined || web === false)) {
    yield { path, message: 'says nothing; give it read and write, forward, or web: true' };
  } else if (split && read === undefined) {
    yield { path, message: 'has write without read; say where reads go, too' };
  }
}

/** Only a hosted repository stores what is pushed, directly or as the writable member of a group. */
function* checkWrite(path: Path, name: unknown, repositories: RepositoryOutlines = {}): Iterable<Finding> {
  if (typeof name !== 'string' || !Object.hasOwn(repositories, name)) return;
  const repository = repositories[name];
  const hosted = entriesOf(repositories).filter(([, { type }]) => type === 'hosted');
  const instead = `name a hosted repository${hosted.length === 0 ? '' : `: ${hosted.map(([other]) => other).join(' or ')}`}`;
  if (repository?.type === 'proxy') {
    yield { path, message: `"${name}" is a proxy, which takes no writes; ${instead}` };
  } else if (repository?.type === 'group' && repository.writable === undefined) {
    yield { path, message: `"${name}" is a group without a writable member; give it one, or ${instead}` };
  }
}
