import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Facts } from '../../registry/index.ts';
import { admit } from './admit.ts';
import { findRoute } from './find-route.ts';
import { readJson } from './read-json.ts';
import { reply, replyError } from './reply.ts';
import { createRoutes, type RouteParts } from './routes.ts';
import type { ApiCaller } from './route.ts';

export { imageReader, type ReadImage } from './image.ts';
export type { BackendReport } from './backend-metrics.ts';
export { createMetrics } from './metrics.ts';
export { prefetchImages } from './prefetch.ts';
export type { ApiCaller } from './route.ts';

/** A request that may be for the API. */
export interface ApiVisit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly facts: Facts;
  /** Who sent it; throws `unauthorized`. Asked only by routes that need to know. */
  readonly caller: () => Promise<ApiCaller>;
}

/** What the page, the commands and monitoring use: `/api/v1/…` and `/metrics`. */
export interface Api {
  /** True for request targets that it answers, be it with a refusal. */
  owns(target: string): boolean;
  /** Answers a request. Never throws. */
  serve(visit: ApiVisit): Promise<void>;
}

/** What an API is made of. */
export interface ApiParts extends RouteParts {
  /** Aborted when the gateway stops: ends answers that may go on for hours. */
  readonly stopping: AbortSignal;
}

/** Makes an API. */
export function createApi(parts: ApiParts): Api {
  const routes = createRoutes(parts);
  const answer = async ({ req, res, facts, caller }: ApiVisit): Promise<void> => {
    const left = new AbortController();
    res.once('close', () => {
      left.abort(new Error('the client has left'));
    });
    const [path = '', query = ''] = split(req.url ?? '');
    const { route, parameters } = findRoute(routes, req.method ?? '', path);
    const admitted = await admit(route.need, req, caller);
    facts.user = admitted.user;
    const call = {
      caller: admitted,
      parameters,
      query: new URLSearchParams(query),
      body: () => readJson(req, res),
      signal: AbortSignal.any([left.signal, parts.stopping]),
      facts,
    };
    await reply(req, res, await route.answer(call), facts);
  };
  return {
    owns: (target) => /^\/(?:api(?:\/|$)|metrics$)/.test(split(target)[0] ?? ''),
    serve: (visit) => answer(visit).catch((thrown: unknown) => replyError(visit, thrown)),
  };
}

function split(target: string): readonly string[] {
  const mark = target.indexOf('?');
  return mark < 0 ? [target] : [target.slice(0, mark), target.slice(mark + 1)];
}
