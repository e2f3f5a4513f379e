import type { Caller, Facts } from '../../registry/index.ts';

/** Who sent a request, as far as the API asks. */
export type ApiCaller = Pick<Caller, 'user' | 'may' | 'isAdmin'>;

/**
 * What a route asks of its caller: nothing, good credentials, the role admin, or that role or a connection that comes
 * from this machine itself.
 */
export type Need = 'nothing' | 'credentials' | 'admin' | 'admin-or-loopback';

/** A request to a route, let in. */
export interface Call {
  readonly caller: ApiCaller;
  /** The parts of the path that the route names in braces. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** The JSON of the body, undefined for none; throws BadRequest. To be asked for once. */
  readonly body: () => Promise<unknown>;
  /** Aborted when the client has left, or the gateway stops. */
  readonly signal: AbortSignal;
  /** For the log. */
  readonly facts: Facts;
}

/** What a route answers: JSON, text of a media type, or one line of JSON for each event, as they come. */
export type Answer =
  | { readonly json: unknown }
  | { readonly text: string; readonly type: string }
  | { readonly events: AsyncIterable<unknown> };

/** One method of one path. */
export interface Route {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it: `/api/v1/upstreams/{repository}/block`. */
  readonly path: string;
  readonly need: Need;
  /** Decides the answer; throws BadRequest and RegistryError for what is refused. */
  readonly answer: (call: Call) => Promise<Answer>;
}
