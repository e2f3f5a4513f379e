import type { Identity } from './grants.ts';
import type { Passwords } from './passwords.ts';
import { findUser, type UserSources } from './users.ts';

/** Who that user is, if the password is right; undefined, after the same time, for a wrong password and no such user. */
export type Login = (user: string, password: string) => Promise<Identity | undefined>;

/** Makes the one way in by password. */
export function createLogin(sources: UserSources, passwords: Passwords): Login {
  return async (user, password) => {
    const known = await findUser(sources, user);
    const good = await passwords.check(user, password, known?.passwordHash);
    return good && known !== undefined ? { user: known.user, roles: known.roles } : undefined;
  };
}
