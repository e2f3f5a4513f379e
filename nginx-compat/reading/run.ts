import type { Position } from '../parse.ts';
import type { NginxRequest } from './request.ts';
import type { Scope } from './scope.ts';
import type { Server } from './server.ts';

/** A text that cannot be known from the file and the request. */
export interface Unknown {
  readonly why: string;
}

/** What an expression gives. */
export type Value = string | Unknown;

/** A request on its way through a server. */
export interface Run {
  readonly server: Server;
  readonly request: NginxRequest;
  method: string;
  /** Decoded, as far as it has been rewritten. */
  path: string;
  args: string;
  /** `$1` and so on, of the last expression that matched. */
  captures: readonly (string | undefined)[];
  /** What `set`, named groups and maps gave. */
  readonly variables: Map<string, Value>;
  /** The block that is in force. */
  scope: Scope;
  /** Whether the target may be passed on as it was sent. */
  isUntouched: boolean;
  /** Whether the path still begins with that of its location; not after `rewrite … break`. */
  hasLocation: boolean;
  isInternal: boolean;
  /** A rewrite asks for the location to be looked for again. */
  isChanged: boolean;
  /** How often a location may yet be looked for. */
  changesLeft: number;
  /** An error page is being served, which has no error page itself. */
  isErrorPage: boolean;
}

/** Where a request goes depends on something that is not known. */
export class Undecidable extends Error {
  override readonly name = 'Undecidable';
  readonly at: Position;

  constructor(why: string, at: Position) {
    super(why);
    this.at = at;
  }
}

/** The text of a value; throws Undecidable. */
export function known(value: Value, at: Position): string {
  if (typeof value === 'string') return value;
  throw new Undecidable(value.why, at);
}
