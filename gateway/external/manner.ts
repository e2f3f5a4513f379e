import type { Operation } from '../../registry/index.ts';
import type { Forwarding } from '../forward.ts';
import type { Backend } from './backend.ts';

/** How a caller is introduced to the backends. */
export interface Manner {
  /** What is sent as Authorization; null: none. Left out of the answer: what the client sent. */
  introduce(backend: Backend): Promise<Pick<Forwarding, 'authorization'>>;
  /** Told of a login of ours that was refused. */
  refused(backend: Backend, authorization: string | null | undefined): void;
  readonly hidesLogin: boolean;
}

/** The client logs in at the backends itself. */
export const passingThrough: Manner = {
  introduce: () => Promise.resolve({}),
  refused: () => undefined,
  hidesLogin: false,
};

/** Logins of ours that backends no longer take, so that the next request comes with another. */
export class OwnLogins {
  readonly #refused = new Map<Backend, string>();

  /** The client has logged in here; the backends know only us. */
  manner(operation: Operation, signal: AbortSignal): Manner {
    return {
      introduce: async (backend) => {
        const before = this.#refused.get(backend);
        const authorization = await backend.authorizer.authorize(scopeOf(operation), signal, before);
        return { authorization: authorization ?? null };
      },
      refused: (backend, authorization) => {
        if (typeof authorization === 'string') this.#refused.set(backend, authorization);
      },
      hidesLogin: true,
    };
  }
}

/** Distribution "Token Scope Documentation". */
function scopeOf(operation: Operation): string {
  if (operation.kind === 'catalog' || operation.kind === 'search') return 'registry:catalog:*';
  if (!('name' in operation)) return '';
  const isRead = ['manifest-get', 'blob-get', 'tags', 'referrers'].includes(operation.kind);
  const isDelete = operation.kind === 'manifest-delete' || operation.kind === 'blob-delete';
  return `repository:${operation.name}:${isRead ? 'pull' : isDelete ? 'delete' : 'pull,push'}`;
}
