import { nearest, nearestWord, type Proxied } from '../reading/index.ts';
import type { Word } from '../parse.ts';

/** That nginx asks for a password, and of which users. */
export interface Login {
  /** The file of `auth_basic_user_file` as written. */
  readonly users: Word | undefined;
  /** What the server behind is told instead. */
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
}

/** The login that nginx asks for before it passes a request on; undefined: none. */
export function loginOf({ scope, headers }: Proxied): Login | undefined {
  const realm = nearestWord(scope, 'auth_basic');
  if (realm === undefined || realm === 'off') return undefined;
  const sent = headers.find(({ name }) => name.toLowerCase() === 'authorization')?.value ?? '';
  return { users: nearest(scope, 'auth_basic_user_file')?.args[0], credentials: basicOf(sent) };
}

function basicOf(header: string): Login['credentials'] {
  const encoded = /^basic\s+(\S+)$/i.exec(header)?.[1];
  const [, username, password] =
    encoded === undefined ? [] : (/^([^:]+):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? []);
  return username === undefined || password === undefined ? undefined : { username, password };
}
