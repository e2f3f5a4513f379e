import type http from 'node:http';
import { goodRegistry, reply, startScripted, type Scripted } from './scripted.ts';

/** A token service and a registry that believes it. */
export interface Guarded {
  readonly registry: Scripted;
  readonly realm: Scripted;
  /** Tokens that the registry takes; those that are issued are added. */
  readonly valid: Set<string>;
}

/** How they behave; what is left out is the usual way. */
export interface GuardedOptions {
  /** The answer to a request for a token; `{ expires_in }` and the like are added to the token. */
  readonly extra?: object;
  /** Under which key the token is sent. */
  readonly key?: 'token' | 'access_token';
  /** The scope in the challenge for a name; undefined for a challenge without one. */
  readonly scopeFor?: (name: string) => string | undefined;
  /** Answers in the realm's place. */
  readonly realm?: (request: http.IncomingMessage, response: http.ServerResponse) => boolean;
}

/** Starts both; the registry takes a token for the scope that it asks for, and nothing else. */
export async function startGuarded(options: GuardedOptions = {}): Promise<Guarded> {
  const { key = 'token', extra = {}, scopeFor = (name) => `repository:${name}:pull` } = options;
  const valid = new Set<string>();
  const realm = await startScripted((request, response) => {
    if (options.realm?.(request, response)) return;
    const scope = new URL(request.url ?? '', 'http://x').searchParams.getAll('scope').join(' ');
    const token = `t${valid.size}.${Buffer.from(scope).toString('hex')}`;
    valid.add(token);
    reply(response, 200, {}, JSON.stringify({ [key]: token, ...extra }));
  });
  const registry = await startScripted((request, response) => {
    const name = /^\/v2\/(.*)\/(manifests|blobs|tags)\//.exec(request.url ?? '')?.[1] ?? '';
    const scope = scopeFor(name);
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? '';
    const wanted = `.${Buffer.from(scope ?? `repository:${name}:pull`).toString('hex')}`;
    if (valid.has(token) && token.endsWith(wanted)) {
      goodRegistry(request, response);
      return;
    }
    const more = scope === undefined ? '' : `,scope="${scope}"`;
    const challenge = `Bearer realm="${realm.url}/token?from=registry",service="the registry"${more}`;
    reply(response, 401, { 'www-authenticate': challenge }, '{"errors":[{"code":"UNAUTHORIZED"}]}');
  });
  return { registry, realm, valid };
}
