import { ask } from './ask.ts';
import { Trouble } from './finding.ts';
import { refusal } from './refusal.ts';
import type { Credentials, Visit } from './visit.ts';

/** What a token service answers. Docker registry token specification, "Token Response Fields". */
export interface Grant {
  readonly token: string;
  /** In seconds. */
  readonly expiresIn: number | undefined;
}

/** What a client does with a name when it pushes and cleans up. */
export function pushScope(name: string): string {
  return `repository:${name}:pull,push,delete`;
}

/**
 * The headers of a caller with this scope, got as docker gets them; empty where nobody is asked for credentials.
 * Throws Trouble when they are refused.
 */
export async function authorize(visit: Visit, scope: string): Promise<Record<string, string>> {
  const { challenge } = visit.facts;
  if (!challenge) return {};
  const credentials = await visit.credentials();
  if (challenge.scheme === 'basic') return credentials ? { authorization: basic(credentials) } : {};
  return { authorization: `Bearer ${(await requestToken(visit, credentials, scope)).token}` };
}

/** The value of an Authorization header. RFC 7617. */
export function basic({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

/** The URL that is asked for a token, without credentials. Throws Trouble when the challenge names none. */
export function realmOf({ facts, base }: Pick<Visit, 'facts' | 'base'>): URL {
  const realm = facts.challenge?.parameters.realm ?? '';
  // docker takes the realm for a whole URL, so a path alone is a fault, but not one to stop at here.
  if (realm !== '' && URL.canParse(realm, base.href)) return new URL(realm, base);
  throw new Trouble(
    'the Bearer challenge of /v2/ names no realm',
    'let the registry name its token service: auth.token.realm of docker-registry; a proxy in front must not rewrite WWW-Authenticate',
  );
}

/** Asks the token service. Throws Trouble for anything but a token. */
export async function requestToken(
  visit: Visit,
  credentials: Credentials | undefined,
  scope?: string,
): Promise<Grant> {
  const url = realmOf(visit);
  const service = visit.facts.challenge?.parameters.service;
  if (service !== undefined) url.searchParams.set('service', service);
  if (scope !== undefined) url.searchParams.append('scope', scope);
  if (credentials) url.searchParams.set('account', credentials.user);
  const answer = await ask(visit, url, {
    headers: credentials ? { authorization: basic(credentials) } : {},
  });
  if (answer.status === 401 && credentials)
    throw new Trouble(
      `the token service refuses ${credentials.user}: ${answer.status}`,
      'check the name and the password; "dockgate user passwd" sets a new one',
    );
  if (answer.status !== 200) throw refusal('the token service', answer);
  return readGrant(answer.body);
}

function readGrant(body: Buffer): Grant {
  try {
    const json = JSON.parse(body.toString()) as {
      token?: unknown;
      access_token?: unknown;
      expires_in?: unknown;
    };
    const token = json.token ?? json.access_token;
    if (typeof token === 'string' && token !== '')
      return { token, expiresIn: typeof json.expires_in === 'number' ? json.expires_in : undefined };
  } catch {
    // A page of HTML, for example: told below.
  }
  throw new Trouble(
    'the token service answered 200 without a token',
    'something in front of it answers in its place: let the path of the realm go to the token service',
  );
}
