import type { Name } from './name.ts';

/** What a caller may be allowed to do with a name. */
export type Action = 'pull' | 'push' | 'delete';

/** Who sent a request and what the credentials that came with it allow; made by access/, asked by everybody else. */
export interface Caller {
  /** The user's name; undefined for an anonymous caller. */
  readonly user: string | undefined;
  /** How the caller is known; `none` is a request without credentials. */
  readonly by: 'none' | 'basic' | 'bearer';
  /** True when this caller may do `action` on `name`. */
  may(action: Action, name: Name): boolean;
  /** True when this caller may list names and search. */
  readonly mayList: boolean;
  /** True when this caller may see and change how the gateway itself works: has the role `admin`. */
  readonly isAdmin: boolean;
  /** True when lists may show `name` to this caller: its user may pull it, whatever the credentials at hand are for. */
  maySee(name: Name): boolean;
}
