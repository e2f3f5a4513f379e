import { service } from './service.ts';

/** What a challenge says. `realm` is the URL of the token service, as the client that is asked can reach it. */
export interface ChallengeParts {
  readonly realm: string;
  readonly scope?: string | undefined;
  readonly error?: string | undefined;
  readonly description?: string | undefined;
}

/** The value of WWW-Authenticate: one Bearer challenge, the only kind that all clients agree on. RFC 6750 section 3. */
export function challenge({ realm, scope, error, description }: ChallengeParts): string {
  const parameters = Object.entries({ realm, service, scope, error, error_description: description })
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${name}=${quoted(value)}`);
  return `Bearer ${parameters.join(',')}`;
}

/** A quoted-string of RFC 9110 section 5.6.4; what a header cannot carry becomes a question mark. */
function quoted(value: string): string {
  return `"${value.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, '\\$&')}"`;
}
