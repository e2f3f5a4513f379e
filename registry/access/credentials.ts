/** What an Authorization header says, not yet believed. */
export type Credentials =
  | { readonly by: 'none' }
  | { readonly by: 'basic'; readonly user: string; readonly password: string }
  | { readonly by: 'bearer'; readonly token: string }
  | { readonly by: 'malformed'; readonly reason: string };

/** What neither a user name nor a password may have in it: RFC 7617 section 2. */
// eslint-disable-next-line no-control-regex -- these are what it is about.
export const controlCharacter = /[\u0000-\u001f\u007f]/;

/** Reads an Authorization header: RFC 7617 (Basic, in UTF-8) and RFC 6750 section 2.1 (Bearer). */
export function parseCredentials(header: string | undefined): Credentials {
  if (header === undefined) return { by: 'none' };
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([A-Za-z0-9._~+/-]+=*) *$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case 'basic':
      return parseBasic(value);
    case 'bearer':
      return { by: 'bearer', token: value };
    default:
      return malformed('the Authorization header is neither Basic nor Bearer followed by credentials');
  }
}

function parseBasic(value: string): Credentials {
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return malformed('the Basic credentials have no colon between user name and password');
  // What dockerd sends with a search over HTTPS when nobody has logged in.
  if (text === ':') return { by: 'none' };
  if (controlCharacter.test(text)) return malformed('the Basic credentials have a control character');
  return { by: 'basic', user: text.slice(0, colon), password: text.slice(colon + 1) };
}

function malformed(reason: string): Credentials {
  return { by: 'malformed', reason };
}
