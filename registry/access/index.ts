import type { SigningKeys, Users } from '../metadata/metadata.ts';
import type { Caller } from '../model/index.ts';
import { createAccounts, type Accounts } from './accounts.ts';
import { createAuthenticate, type Authenticate } from './authenticate.ts';
import { stranger } from './callers.ts';
import { createGrants, type Grants, type GrantSettings } from './grants.ts';
import { createHtpasswd, type ReportProblem } from './htpasswd.ts';
import { createLogin, type Login } from './login.ts';
import { createPasswords } from './passwords.ts';
import { createKeyRing } from './signing-keys.ts';
import { createTokenService, type TokenService } from './token-service.ts';
import { createTokens } from './tokens.ts';

export { AccountError, createAccounts, type Accounts } from './accounts.ts';
export { nobody } from './callers.ts';
export { challenge } from './challenge.ts';
export { createGrants, type GrantSettings } from './grants.ts';
export { guard, unauthorized, type Refusal } from './guard.ts';
export type { ReportProblem } from './htpasswd.ts';
export type { TokenService } from './token-service.ts';

/** What access control is made of. */
export interface AccessParts {
  readonly users: Users;
  readonly keys: SigningKeys;
  readonly settings: GrantSettings;
  /** Path of an htpasswd file whose users may log in too. */
  readonly htpasswd: string | undefined;
  /** Told what is wrong in the htpasswd file. */
  readonly report: ReportProblem;
}

/** Who may come in, and what they may do. `guard` and `challenge` beside it are pure and need no making. */
export interface Access {
  readonly authenticate: Authenticate;
  readonly tokenService: TokenService;
  readonly login: Login;
  readonly accounts: Accounts;
  readonly grants: Grants;
  /** Who searches without credentials. */
  readonly stranger: Caller;
}

/** Wires access control together. The htpasswd file and the signing key are first read when they are needed. */
export async function createAccess(parts: AccessParts): Promise<Access> {
  const { users, keys, settings, report } = parts;
  const grants = createGrants(settings);
  const htpasswd = parts.htpasswd === undefined ? undefined : createHtpasswd(parts.htpasswd, report);
  const sources = { users, htpasswd, grants };
  const login = createLogin(sources, await createPasswords());
  const tokens = createTokens(createKeyRing(keys));
  return {
    authenticate: createAuthenticate(sources, login, tokens),
    tokenService: createTokenService({ login, tokens, grants, anonymous: settings.anonymous }),
    login,
    accounts: createAccounts(users, grants.roles),
    grants,
    stranger: stranger(grants),
  };
}
