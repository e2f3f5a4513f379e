import type { Directive } from '../parse.ts';
import { own, type Scope } from './scope.ts';

const passing = ['proxy_pass', 'fastcgi_pass', 'uwsgi_pass', 'scgi_pass', 'grpc_pass', 'memcached_pass'];
const handlers = new Set([
  ...passing,
  'stub_status',
  'empty_gif',
  'content_by_lua_block',
  'content_by_lua_file',
  'js_content',
  'perl',
  'echo',
  'dav_methods',
]);

/** The directive by which a block answers; undefined: with files, or as the block around it. */
export function handlerOf(scope: Scope): Directive | undefined {
  return scope.directives.findLast(({ name }) => handlers.has(name));
}

/** Whether a path that lacks but the slash at the end is redirected to this location. */
export function hasSlashRedirect(scope: Scope): boolean {
  return passing.some((name) => own(scope, name).length > 0);
}

/** The `proxy_pass` in force: an `if` and `limit_except` take that of the block around them, a location does not. */
export function proxyPassOf(scope: Scope): Directive | undefined {
  const [directive] = own(scope, 'proxy_pass');
  if (directive || scope.kind === 'location' || scope.parent === undefined) return directive;
  return proxyPassOf(scope.parent);
}
