import type { Finding, Path } from '../errors.ts';
import type { Outline, RepositoryOutlines } from '../outline.ts';
import { defaultPrefix } from '../prefixes.ts';
import { checkReference, entriesOf } from './references.ts';

type RepositoryOutline = NonNullable<RepositoryOutlines[string]>;

/** That members and blob stores exist, that a writable member can be written to, and that a proxy is whole. */
export function* checkRepositories({ repositories, blobStores }: Outline): Iterable<Finding> {
  const stores = blobStores && { default: {}, ...blobStores };
  for (const [name, repository] of entriesOf(repositories)) {
    const path = ['repositories', name];
    yield* checkReference([...path, 'blobStore'], repository.blobStore, 'blob store', stores);
    const { blobStore = 'default' } = repository;
    if (typeof blobStore === 'string' && blobStore !== 'default' && Object.hasOwn(stores ?? {}, blobStore)) {
      yield {
        path: [...path, 'blobStore'],
        message: 'this version keeps all blobs in the store "default"; give that one the path you want',
      };
    }
    if (repository.type === 'group') {
      yield* checkMembers([...path, 'members'], repository, repositories);
      yield* checkWritable([...path, 'writable'], repository, repositories);
    }
    if (repository.type === 'proxy') yield* checkProxy(path, repository);
  }
}

function* checkMembers(
  path: Path,
  { members = [] }: RepositoryOutline,
  repositories: RepositoryOutlines | undefined,
): Iterable<Finding> {
  for (const [index, member] of members.entries()) {
    yield* checkReference([...path, index], member, 'repository', repositories);
    if (member !== undefined && members.indexOf(member) < index) {
      yield { path: [...path, index], message: `"${member}" is a member already; keep one` };
    }
  }
}

function* checkWritable(
  path: Path,
  { members, writable }: RepositoryOutline,
  repositories: RepositoryOutlines = {},
): Iterable<Finding> {
  if (typeof writable !== 'string' || members === undefined) return;
  if (!Object.hasOwn(repositories, writable)) {
    yield* checkReference(path, writable, 'repository', repositories);
    return;
  }
  const type = repositories[writable]?.type;
  if (type !== undefined && type !== 'hosted') {
    yield { path, message: `"${writable}" is a ${type}; only a hosted repository takes what is pushed` };
  } else if (!members.includes(writable)) {
    yield { path, message: `"${writable}" is not a member of this group; add it to members` };
  }
}

function* checkProxy(
  path: Path,
  { username, password, clientCert, clientKey, prefix, upstream }: RepositoryOutline,
): Iterable<Finding> {
  if (username !== undefined && password === undefined) {
    yield { path: [...path, 'password'], message: 'is missing; a username needs one' };
  }
  if (password !== undefined && username === undefined) {
    yield { path: [...path, 'username'], message: 'is missing; a password needs one' };
  }
  if (clientCert !== undefined && clientKey === undefined) {
    yield { path: [...path, 'clientKey'], message: 'is missing; clientCert needs the PEM file of its key' };
  }
  if (clientKey !== undefined && clientCert === undefined) {
    yield {
      path: [...path, 'clientCert'],
      message: 'is missing; clientKey needs the PEM file of its certificate',
    };
  }
  const first: unknown = Array.isArray(upstream) ? upstream[0] : upstream;
  const url = typeof first === 'string' ? URL.parse(first) : null;
  if (prefix === undefined && url?.protocol.startsWith('http') && defaultPrefix(url) === undefined) {
    const message = "is missing; the upstream's host cannot be part of an image name, so say what shall";
    yield { path: [...path, 'prefix'], message };
  }
}
