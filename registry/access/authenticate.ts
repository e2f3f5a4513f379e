import type { Caller } from '../model/index.ts';
import { basicCaller, bearerCaller, nobody } from './callers.ts';
import { parseCredentials } from './credentials.ts';
import type { Identity } from './grants.ts';
import type { Login } from './login.ts';
import type { TokenContent, Tokens } from './tokens.ts';
import { findUser, type UserSources } from './users.ts';

/** Credentials that were sent and are not good. They never count as none: the sender must learn of it. */
export interface Rejected {
  readonly rejected: 'basic' | 'bearer' | 'malformed';
  /** For people, such as "the token has expired". */
  readonly reason: string;
}

/** Who sent this Authorization header (undefined: there is none). Throws only when a store fails. */
export type Authenticate = (header: string | undefined) => Promise<Caller | Rejected>;

/** What is said of a bad login; it does not tell whether the user exists. */
export const wrongLogin = 'the user name or the password is wrong';

/** Makes the one place where a header becomes a caller. */
export function createAuthenticate(sources: UserSources, login: Login, tokens: Tokens): Authenticate {
  async function byPassword(user: string, password: string): Promise<Caller | Rejected> {
    const identity = await login(user, password);
    if (identity === undefined) return { rejected: 'basic', reason: wrongLogin };
    return basicCaller(identity, sources.grants);
  }

  async function byToken(token: string): Promise<Caller | Rejected> {
    const content = await tokens.verify(token);
    if ('invalid' in content) return { rejected: 'bearer', reason: content.invalid };
    const isWide = content.access.some(({ type }) => type === 'registry');
    const identity = isWide ? await identityOf(sources, content) : undefined;
    return bearerCaller(content, {
      sees: (name) => sources.grants.may(identity, 'pull', name),
      isAdmin: sources.grants.isAdmin(identity),
    });
  }

  return async (header) => {
    const credentials = parseCredentials(header);
    switch (credentials.by) {
      case 'none':
        return nobody;
      case 'basic':
        return await byPassword(credentials.user, credentials.password);
      case 'bearer':
        return await byToken(credentials.token);
      case 'malformed':
        return { rejected: 'malformed', reason: credentials.reason };
    }
  };
}

/** The token's user as of now: one who was removed since is as good as anonymous. */
async function identityOf(sources: UserSources, { user }: TokenContent): Promise<Identity | undefined> {
  return user === undefined ? undefined : await findUser(sources, user);
}
