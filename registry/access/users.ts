import type { Users } from '../metadata/metadata.ts';
import type { Grants, Identity } from './grants.ts';
import type { Htpasswd } from './htpasswd.ts';

/** A user from any source, with the bcrypt hash of the password. */
export interface KnownUser extends Identity {
  readonly passwordHash: string;
}

/** Where users come from. */
export interface UserSources {
  readonly users: Users;
  readonly htpasswd: Htpasswd | undefined;
  readonly grants: Grants;
}

/**
 * The user of that name: one of the registry's own hides one of the htpasswd file, so that a password changed by
 * command is the only one. Users of the file have the roles that the configuration assigns.
 */
export async function findUser(sources: UserSources, name: string): Promise<KnownUser | undefined> {
  const own = await sources.users.find(name);
  const passwordHash = own?.passwordHash ?? (await sources.htpasswd?.find(name));
  if (passwordHash === undefined) return undefined;
  return { user: name, roles: sources.grants.rolesOf(name, own?.roles ?? []), passwordHash };
}
