import { parseCredentials } from './credentials.ts';
import { wrongLogin } from './authenticate.ts';
import type { Grants, GrantSettings, Identity } from './grants.ts';
import { unauthorized } from './guard.ts';
import type { Login } from './login.ts';
import { formatScope, grantScopes, parseScopes } from './scopes.ts';
import type { Tokens } from './tokens.ts';

/** A request for a token. Docker registry token specification (GET) and its OAuth2 form (POST). */
interface TokenRequest {
  readonly method: 'GET' | 'POST';
  /** The Authorization header. */
  readonly authorization: string | undefined;
  /** The query of a GET, the form of a POST. */
  readonly parameters: URLSearchParams;
  /** The host that the client used, for advice. */
  readonly host: string;
}

/**
 * The JSON of a granted token; `expires_in` in seconds, `issued_at` in RFC 3339. Never a refresh token: docker would drop
 * the password for it. Docker registry token specification, "Token Response Fields".
 */
interface TokenBody {
  readonly token: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly issued_at: string;
  readonly scope?: string;
}

/** The JSON of a POST that is not understood, to be answered with 400. RFC 6749 section 5.2. */
interface OAuthError {
  readonly error: 'invalid_request' | 'unsupported_grant_type';
  readonly error_description: string;
}

/** Hands out tokens; throws `unauthorized` for wrong credentials, and for none where anonymous callers may nothing. */
export type TokenService = (
  request: TokenRequest,
) => Promise<{ readonly ok: TokenBody } | { readonly bad: OAuthError }>;

/** What the token service stands on. */
export interface TokenServiceParts {
  readonly login: Login;
  readonly tokens: Tokens;
  readonly grants: Grants;
  readonly anonymous: GrantSettings['anonymous'];
}

/** Makes the token service. A token is granted the allowed part of what was asked for, be it nothing. */
export function createTokenService(parts: TokenServiceParts): TokenService {
  const { login, tokens, grants } = parts;

  async function byPassword(user: string, password: string): Promise<Identity> {
    const identity = await login(user, password);
    if (identity === undefined) throw unauthorized(wrongLogin);
    return identity;
  }

  async function byHeader({ authorization, host }: TokenRequest): Promise<Identity | undefined> {
    const credentials = parseCredentials(authorization);
    if (credentials.by === 'basic') return await byPassword(credentials.user, credentials.password);
    if (credentials.by === 'malformed') throw unauthorized(credentials.reason);
    if (credentials.by === 'bearer') throw unauthorized('a token is asked for with a password, not a token');
    if (parts.anonymous === 'none')
      throw unauthorized(`log in first: docker login ${host} or podman login ${host}`);
    return undefined;
  }

  async function grant(identity: Identity | undefined, request: TokenRequest): Promise<TokenBody> {
    const access = grantScopes(parseScopes(request.parameters.getAll('scope')), identity, grants);
    const { token, expiresIn, issuedAt } = await tokens.issue({ user: identity?.user, access });
    const body = { token, access_token: token, expires_in: expiresIn, issued_at: issuedAt };
    return request.method === 'POST' ? { ...body, scope: access.map(formatScope).join(' ') } : body;
  }

  return async (request) => {
    if (request.method === 'GET') return { ok: await grant(await byHeader(request), request) };
    const form = readForm(request.parameters);
    if ('error' in form) return { bad: form };
    return { ok: await grant(await byPassword(form.user, form.password), request) };
  };
}

function readForm(form: URLSearchParams): { user: string; password: string } | OAuthError {
  const kind = form.get('grant_type');
  if (kind !== null && kind !== 'password')
    return {
      error: 'unsupported_grant_type',
      error_description: 'only grant_type=password is supported: log in again with user name and password',
    };
  const user = form.get('username');
  const password = form.get('password');
  if (kind === null || user === null || password === null)
    return {
      error: 'invalid_request',
      error_description: 'the form needs grant_type=password, username and password',
    };
  return { user, password };
}
