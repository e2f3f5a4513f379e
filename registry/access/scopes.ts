import { isName, type Action } from '../model/index.ts';
import type { Grants, Identity } from './grants.ts';
import type { AccessEntry } from './tokens.ts';

/** What a token request asks for; duplicates are merged and `*` is spelled out. */
export type RequestedScope = AccessEntry;

const nameActions: readonly Action[] = ['pull', 'push', 'delete'];
const registryNames = ['catalog', 'admin'];
/** The most things that one token is asked for: the token travels in a header, of which Node reads 16 KiB. */
const mostScopes = 24;

/**
 * Reads `scope` parameters, each a list separated by spaces: `repository:NAME:ACTIONS`, `repository(class):…` and
 * `registry:catalog:*`, and `registry:admin:*`, which is ours and stands for the role `admin`. What is none of these, and everything after the 24th different name, is left out.
 * Docker registry token specification, "Token Scope Documentation".
 */
export function parseScopes(parameters: readonly string[]): readonly RequestedScope[] {
  const merged = new Map<string, RequestedScope>();
  for (const text of parameters.flatMap((parameter) => parameter.split(/\s+/))) {
    const scope = parseScope(text);
    if (scope === undefined) continue;
    const key = `${scope.type}:${scope.name}`;
    const before = merged.get(key);
    if (before === undefined && merged.size >= mostScopes) continue;
    merged.set(key, { ...scope, actions: ordered([...(before?.actions ?? []), ...scope.actions]) });
  }
  return [...merged.values()];
}

function parseScope(text: string): RequestedScope | undefined {
  const [, type, name = '', list = ''] = /^([a-z]+)(?:\([a-z0-9]+\))?:(.+):([^:]*)$/.exec(text) ?? [];
  const actions = list.split(',');
  if (type === 'registry')
    return registryNames.includes(name) && actions.includes('*') ? { type, name, actions: ['*'] } : undefined;
  if (type !== 'repository' || !isName(name)) return undefined;
  return { type, name, actions: actions.includes('*') ? nameActions : ordered(actions) };
}

function ordered(actions: readonly string[]): readonly string[] {
  return ['*', ...nameActions].filter((action) => actions.includes(action));
}

/** The part of `requested` that this caller is allowed; what has no allowed action is left out. */
export function grantScopes(
  requested: readonly RequestedScope[],
  identity: Identity | undefined,
  grants: Grants,
): readonly AccessEntry[] {
  return requested
    .map(({ type, name, actions }) => {
      if (type === 'registry') {
        const isAllowed = name === 'admin' ? grants.isAdmin(identity) : grants.mayList(identity);
        return { type, name, actions: isAllowed ? actions : [] };
      }
      const allowed = nameActions.filter(
        (action) => actions.includes(action) && isName(name) && grants.may(identity, action, name),
      );
      return { type, name, actions: allowed };
    })
    .filter(({ actions }) => actions.length > 0);
}

/** A scope as it is written in a challenge or a token's answer. */
export function formatScope({ type, name, actions }: AccessEntry): string {
  return `${type}:${name}:${actions.join(',')}`;
}
