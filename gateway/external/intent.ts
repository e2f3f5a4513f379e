import { isJsonObject, parseJsonObject } from '../../registry/index.ts';

/** Whether a request belongs to a push or to a pull, as far as can be told. */
export type Intent = 'push' | 'pull' | 'unknown';

/**
 * What the credentials of a request say that it is for. The token of another registry cannot be verified here, and need
 * not be: it decides only whom to ask, and who is asked verifies it. A password says nothing, nor does a token that is no
 * JWT or lists no access. Distribution "Token Authentication Implementation", "access"; RFC 7519 7.2.
 */
export function intentOf(authorization: string | undefined, name: string): Intent {
  const [, payload] = /^bearer +[\w-]+\.([\w-]+)\.[\w-]*$/i.exec(authorization ?? '') ?? [];
  const claims = payload === undefined ? undefined : parseJsonObject(Buffer.from(payload, 'base64url'));
  if (!Array.isArray(claims?.access)) return 'unknown';
  const own = claims.access.filter(isJsonObject).filter((each) => each.name === name);
  const actions: unknown[] = own.flatMap((each): unknown[] =>
    Array.isArray(each.actions) ? each.actions : [],
  );
  return actions.includes('push') || actions.includes('*') ? 'push' : 'pull';
}
