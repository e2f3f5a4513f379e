import { RegistryError, type Action, type Caller, type Name, type Operation } from '../model/index.ts';
import type { Rejected } from './authenticate.ts';
import { nobody } from './callers.ts';
import { formatScope } from './scopes.ts';

/** A request that is not let in. With `unauthorized`, the answer carries a challenge made of the other parts. */
export interface Refusal {
  readonly refuse: RegistryError;
  /** The scope that the operation needs. */
  readonly scope?: string;
  /** RFC 6750 section 3.1. */
  readonly error?: 'insufficient_scope' | 'invalid_token';
  /** Why, for people; docker and podman print it, and a HEAD has no other way to say it. */
  readonly description?: string;
}

/** What the guard says. */
export type Verdict = { readonly admit: Caller } | Refusal;

/** What an operation asks of its caller. */
type Need =
  | { readonly of: 'nothing' }
  | { readonly of: 'credentials' }
  | { readonly of: 'list' }
  | { readonly of: 'name'; readonly action: Action; readonly name: Name };

/**
 * Lets an operation in or refuses it:
 * - no credentials: 401, also where anonymous pulls are allowed, since clients then come back with a token for what
 *   they are about to do, which is what tells a pull from a push (traps T1, T2, T8);
 * - bad credentials: 401, for a token `invalid_token`;
 * - a token that lacks the scope: 401 `insufficient_scope`; a user, known by password, who may not: 403 DENIED.
 * - a search without credentials is the `stranger`'s, if that may see anything: it is never followed by a push;
 * A mount is let in without a look at its source: who may not pull that gets no mount, but an upload (trap T6).
 */
export function guard(operation: Operation, sender: Caller | Rejected, stranger: Caller = nobody): Verdict {
  const need = needOf(operation);
  const isStranger = operation.kind === 'search' && 'by' in sender && sender.by === 'none';
  if (isStranger && stranger.mayList) return { admit: stranger };
  if (need.of === 'nothing') return { admit: 'rejected' in sender ? nobody : sender };
  const scope = scopeOf(need);
  if ('rejected' in sender) return reject(sender, scope);
  if (sender.by === 'none') return { refuse: new RegistryError('unauthorized'), ...scope };
  if (satisfies(sender, need)) return { admit: sender };
  return lacking(sender, need, scope);
}

function needOf(operation: Operation): Need {
  switch (operation.kind) {
    case 'token':
    case 'search-ping':
      return { of: 'nothing' };
    case 'base':
      return { of: 'credentials' };
    case 'catalog':
    case 'search':
      return { of: 'list' };
    case 'tags':
    case 'referrers':
    case 'manifest-get':
    case 'blob-get':
      return { of: 'name', action: 'pull', name: operation.name };
    case 'manifest-put':
    case 'upload-start':
    case 'upload-status':
    case 'upload-append':
    case 'upload-finish':
    case 'upload-cancel':
      return { of: 'name', action: 'push', name: operation.name };
    case 'manifest-delete':
    case 'blob-delete':
      return { of: 'name', action: 'delete', name: operation.name };
  }
}

/** Who pushes also asks what is there already, so a token for a push is one for pulling too. */
function scopeOf(need: Need): { scope?: string } {
  if (need.of === 'list')
    return { scope: formatScope({ type: 'registry', name: 'catalog', actions: ['*'] }) };
  if (need.of !== 'name') return {};
  const actions = need.action === 'push' ? ['pull', 'push'] : [need.action];
  return { scope: formatScope({ type: 'repository', name: need.name, actions }) };
}

function satisfies(caller: Caller, need: Need): boolean {
  if (need.of === 'name') return caller.may(need.action, need.name);
  return need.of === 'list' ? caller.mayList : true;
}

function reject({ rejected, reason }: Rejected, scope: { scope?: string }): Refusal {
  const refuse = unauthorized(reason);
  return rejected === 'bearer'
    ? { refuse, ...scope, error: 'invalid_token', description: reason }
    : { refuse, ...scope };
}

function lacking(caller: Caller, need: Need, scope: { scope?: string }): Refusal {
  const wish = need.of === 'name' ? `${need.action} ${need.name}` : 'list names';
  const description =
    caller.user === undefined ? `log in to ${wish}` : `the user ${caller.user} may not ${wish}`;
  if (caller.by === 'bearer')
    return { refuse: unauthorized(description), ...scope, error: 'insufficient_scope', description };
  const message = `requested access to the resource is denied: ${description}`;
  return { refuse: new RegistryError('denied', { message }) };
}

/** Clients print only the message, and know it by its first two words. */
export function unauthorized(reason: string): RegistryError {
  return new RegistryError('unauthorized', { message: `authentication required: ${reason}` });
}
