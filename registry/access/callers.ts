import { readNames, type Caller, type Name } from '../model/index.ts';
import type { Grants, Identity } from './grants.ts';
import type { TokenContent } from './tokens.ts';

/** A request without credentials: it may do nothing; even anonymous pulls come with a token (trap T8). */
export const nobody: Caller = {
  user: undefined,
  by: 'none',
  mayList: false,
  isAdmin: false,
  may: () => false,
  maySee: () => false,
};

/**
 * A request without credentials that no token could follow: it may list and search what anonymous callers may pull.
 * `docker search` speaks version 1 of the API, which has no tokens.
 */
export function stranger(grants: Grants): Caller {
  return {
    ...nobody,
    mayList: grants.mayList(undefined),
    maySee: (name) => grants.may(undefined, 'pull', name),
  };
}

/** A caller who sent a user's password: has what the user's roles allow. */
export function basicCaller(identity: Identity, grants: Grants): Caller {
  return {
    user: identity.user,
    by: 'basic',
    mayList: grants.mayList(identity),
    isAdmin: grants.isAdmin(identity),
    may: (action, name) => grants.may(identity, action, name),
    maySee: (name) => grants.may(identity, 'pull', name),
  };
}

/**
 * A caller with a token: has what the token grants. A token for lists names no images, so `sees` answers for its user
 * what they may show; one for administration is good as long as its user has the role.
 */
export function bearerCaller(
  { user, access }: TokenContent,
  { sees, isAdmin }: { readonly sees: (name: Name) => boolean; readonly isAdmin: boolean },
): Caller {
  const granted = new Map(access.map(({ type, name, actions }) => [`${type}:${name}`, actions]));
  const mayList = granted.get('registry:catalog')?.includes('*') ?? false;
  const forAdmin = granted.get('registry:admin')?.includes('*') ?? false;
  const may: Caller['may'] = (action, name) =>
    (action === 'pull' ? readNames(name) : [name]).some(
      (each) => granted.get(`repository:${each}`)?.includes(action) ?? false,
    );
  return {
    user,
    by: 'bearer',
    mayList,
    isAdmin: forAdmin && isAdmin,
    may,
    maySee: (name) => mayList && sees(name),
  };
}
