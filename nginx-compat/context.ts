import type { Directive } from './syntax/tree.ts';

/** The block that the directives at the top of a file belong into; `main` for a whole nginx.conf. */
export type Context = 'main' | 'http' | 'server' | 'location';

/** Directives that stand in one context only, from the outside in. */
const telling: readonly (readonly [Context, ReadonlySet<string>])[] = [
  [
    'main',
    new Set(['http', 'events', 'stream', 'mail', 'user', 'worker_processes', 'pid', 'daemon', 'load_module']),
  ],
  [
    'http',
    new Set(['server', 'upstream', 'map', 'geo', 'split_clients', 'limit_req_zone', 'proxy_cache_path']),
  ],
  ['server', new Set(['location', 'listen', 'server_name'])],
  ['location', new Set(['proxy_pass', 'limit_except', 'alias', 'internal'])],
];

/**
 * Which block a file is the inside of, seen from its top-level directives. A lone `location`, with or without an
 * `upstream` beside it, is the inside of a server.
 */
export function contextOf(directives: readonly Directive[]): Context {
  const names = new Set(directives.map(({ name }) => name));
  if (names.has('location') && !names.has('server') && !names.has('http')) return 'server';
  return telling.find(([, words]) => [...names].some((name) => words.has(name)))?.[0] ?? 'http';
}
