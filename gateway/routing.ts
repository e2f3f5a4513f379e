import { RegistryError, type Caller, type Operation, type Route } from '../registry/index.ts';

/** A repository of ours, or the address of somebody else's. */
export type Target = { readonly repository: string } | { readonly addresses: readonly Readonly<URL>[] };

/** A host or a connector: where its reads and its writes go. */
export interface Split {
  readonly read: Target;
  /** Undefined: nothing can be pushed here. */
  readonly write: Target | undefined;
  /** Said to those who push where nothing can be pushed: which repository this is, and where to push. */
  readonly advice: string;
}

/** Where a request goes. */
export type Destination =
  | { readonly to: 'registry'; readonly route: Route | undefined }
  /** To one side, which is external. */
  | { readonly to: 'external'; readonly side: 'read' | 'write' }
  /** To both sides, one of them external: it is the login of a client, which must be good for both. */
  | { readonly to: 'both' }
  /** To who takes the push and, when that does not have it, to who is read from: a blob for a push. */
  | { readonly to: 'either' }
  /** To who takes the push, once it has what the manifest references and only who is read from has. */
  | { readonly to: 'carrying' }
  | { readonly to: 'refusal'; readonly error: RegistryError };

/** Who sent it, as far as the decision depends on it. */
export interface RoutedCaller extends Pick<Caller, 'may'> {
  /** True when it cannot be told whether this caller may push, or is about to. */
  readonly isUnclear?: boolean;
}

/**
 * Decides where an operation goes. The base rule is reads to `read`, all else to `write`; the exceptions are the
 * traps of one hostname for two repositories: what a pusher asks before it pushes must be answered for the repository
 * that will take the push.
 */
export function route(split: Split, operation: Operation, caller: RoutedCaller): Destination {
  switch (operation.kind) {
    case 'base':
    case 'token':
    case 'search-ping':
      if (isEmbedded(split)) return { to: 'registry', route: undefined };
      return operation.kind === 'base' && split.write ? { to: 'both' } : { to: 'external', side: 'read' };
    case 'catalog':
    case 'search':
    case 'tags':
    case 'referrers':
      return reading(split);
    case 'manifest-get':
      // T2: containerd skips its push when HEAD shows the digest, so only the repository that is pushed to may answer.
      return operation.head && split.write && caller.may('push', operation.name)
        ? writing({ ...split, read: split.write }, split.write)
        : reading(split);
    case 'blob-get':
      // T1, T3: 200 is a promise that the push can use the blob; it is made from what is here, no upstream is asked.
      if (!operation.head || !split.write) return reading(split);
      if (!isExternal(split))
        return caller.may('push', operation.name) ? writing(split, split.write) : reading(split);
      // Clients ask this before a push, and hardly ever else; and who only reads gets the same answer.
      return caller.isUnclear || caller.may('push', operation.name) ? { to: 'either' } : reading(split);
    case 'upload-start':
    case 'upload-status':
    case 'upload-append':
    case 'upload-finish':
    case 'upload-cancel':
    case 'manifest-delete':
    case 'blob-delete':
      // T5: every method of an upload session goes where the session is.
      return split.write ? writing(split, split.write) : readOnly(split);
    case 'manifest-put':
      if (!split.write) return readOnly(split);
      return isExternal(split) ? { to: 'carrying' } : writing(split, split.write);
  }
}

function readOnly({ advice }: Split): Destination {
  return { to: 'refusal', error: new RegistryError('unsupported', { message: advice }) };
}

/** True when the registry of ours has a part in it, and so knows who may do what. */
function isEmbedded({ read, write }: Split): boolean {
  return 'repository' in read || (write !== undefined && 'repository' in write);
}

/** True when the registry of somebody else has a part in it. */
function isExternal({ read, write }: Split): boolean {
  return 'addresses' in read || (write !== undefined && 'addresses' in write);
}

function reading({ read }: Split): Destination {
  if ('addresses' in read) return { to: 'external', side: 'read' };
  const { repository } = read;
  return { to: 'registry', route: { repository, view: repository, reach: 'anywhere' } };
}

function writing({ read }: Split, write: Target): Destination {
  if ('addresses' in write) return { to: 'external', side: 'write' };
  const { repository } = write;
  return { to: 'registry', route: localRoute(repository, read) };
}

/** The route of what a pusher asks and sends of the embedded repository that it pushes to. */
export function localRoute(repository: string, read: Target): Route {
  return { repository, view: 'repository' in read ? read.repository : repository, reach: 'local' };
}
