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
  | { readonly to: 'addresses'; readonly addresses: readonly Readonly<URL>[] }
  | { readonly to: 'refusal'; readonly error: RegistryError };

/** Who sent it, as far as the decision depends on it. */
export type RoutedCaller = Pick<Caller, 'may'>;

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
      return isEmbedded(split) ? { to: 'registry', route: undefined } : to(split, split.read, 'anywhere');
    case 'catalog':
    case 'search':
    case 'tags':
    case 'referrers':
      return to(split, split.read, 'anywhere');
    case 'manifest-get':
      // T2: containerd skips its push when HEAD shows the digest, so only the repository that is pushed to may answer.
      return operation.head && split.write && caller.may('push', operation.name)
        ? to({ ...split, read: split.write }, split.write, 'local')
        : to(split, split.read, 'anywhere');
    case 'blob-get':
      // T1, T3: 200 is a promise that the push can use the blob; it is made from what is here, no upstream is asked.
      return operation.head && split.write && caller.may('push', operation.name)
        ? to(split, split.write, 'local')
        : to(split, split.read, 'anywhere');
    case 'upload-start':
    case 'upload-status':
    case 'upload-append':
    case 'upload-finish':
    case 'upload-cancel':
    case 'manifest-put':
    case 'manifest-delete':
    case 'blob-delete':
      // T5: every method of an upload session goes where the session is.
      return split.write
        ? to(split, split.write, 'local')
        : { to: 'refusal', error: new RegistryError('unsupported', { message: split.advice }) };
  }
}

/** True when the registry of ours has a part in it, and so knows who may do what. */
export function isEmbedded({ read, write }: Split): boolean {
  return 'repository' in read || (write !== undefined && 'repository' in write);
}

function to(split: Split, target: Target, reach: Route['reach']): Destination {
  if ('addresses' in target) return { to: 'addresses', addresses: target.addresses };
  const view = 'repository' in split.read ? split.read.repository : target.repository;
  return { to: 'registry', route: { repository: target.repository, view, reach } };
}
