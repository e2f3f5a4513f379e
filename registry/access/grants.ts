import { namePattern, readNames, type Action, type Name } from '../model/index.ts';

/** What a role allows on names that fit one of the patterns (see {@link namePattern}); `admin` implies the others. */
interface Grant {
  readonly names: readonly string[];
  readonly actions: readonly (Action | 'admin')[];
}

/** The `auth` part of the configuration that decides who may do what. */
export interface GrantSettings {
  /** What is allowed without a login: nothing, or pulling every name. */
  readonly anonymous: 'none' | 'pull';
  readonly roles: Readonly<Record<string, readonly Grant[]>>;
  /** User to roles, for users of any source. */
  readonly assign: Readonly<Record<string, readonly string[]>>;
}

/** A user who has proved to be one; `roles` are those of the user's record and of the configuration together. */
export interface Identity {
  readonly user: string;
  readonly roles: readonly string[];
}

/** Who may do what. Without an identity the question is about an anonymous caller. */
export interface Grants {
  may(identity: Identity | undefined, action: Action, name: Name): boolean;
  /** True when there may be a name to pull. */
  mayList(identity: Identity | undefined): boolean;
  /** True for a user with the role `admin`. */
  isAdmin(identity: Identity | undefined): boolean;
  /** A user's own roles and those that the configuration assigns. */
  rolesOf(user: string, own: readonly string[]): readonly string[];
  /** The roles that there are. */
  readonly roles: readonly string[];
}

interface Rule {
  readonly actions: ReadonlySet<Action>;
  readonly fits: readonly ((name: Name) => boolean)[];
}

const everyAction: readonly Action[] = ['pull', 'push', 'delete'];

/**
 * Decides by roles, and denies what no role allows:
 * - as long as the configuration has neither `roles` nor `assign`, a user without a role may pull, push and delete
 *   every name, as with the plain registry; with either of them, a user without a role has none of that;
 * - a user with roles has what they allow, together; a role that is not defined allows nothing;
 * - the role `admin` is always there and allows everything;
 * - what anonymous callers may do, every user may do.
 * A pull of `x` is allowed where a pull of `library/x` is, and the reverse: read, they are the same name.
 */
export function createGrants(settings: GrantSettings): Grants {
  const roles = new Map(Object.entries(settings.roles).map(([role, grants]) => [role, grants.map(rule)]));
  roles.set('admin', [rule({ names: ['**'], actions: ['admin'] })]);
  const free = Object.keys(settings.roles).length === 0 && Object.keys(settings.assign).length === 0;
  const unassigned = free ? [rule({ names: ['**'], actions: everyAction })] : [];
  const anonymous = settings.anonymous === 'pull' ? [rule({ names: ['**'], actions: ['pull'] })] : [];

  function rulesOf(identity: Identity | undefined): readonly Rule[] {
    if (identity === undefined) return anonymous;
    if (identity.roles.length === 0) return [...anonymous, ...unassigned];
    return [...anonymous, ...identity.roles.flatMap((role) => roles.get(role) ?? [])];
  }

  return {
    may: (identity, action, name) => {
      const names = action === 'pull' ? readNames(name) : [name];
      return rulesOf(identity).some(
        ({ actions, fits }) => actions.has(action) && names.some((each) => fits.some((fit) => fit(each))),
      );
    },
    mayList: (identity) => rulesOf(identity).some(({ actions }) => actions.has('pull')),
    isAdmin: (identity) => identity?.roles.includes('admin') ?? false,
    rolesOf: (user, own) => {
      const assigned = Object.hasOwn(settings.assign, user) ? settings.assign[user] : undefined;
      return [...new Set([...own, ...(assigned ?? [])])];
    },
    roles: [...roles.keys()],
  };
}

function rule(grant: Grant): Rule {
  const actions = grant.actions.flatMap((action) => (action === 'admin' ? everyAction : [action]));
  return { actions: new Set(actions), fits: grant.names.map(namePattern) };
}
