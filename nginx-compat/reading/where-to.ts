import type { Position } from '../parse.ts';
import { errorPageOf } from './error-pages.ts';
import { expand, matched } from './expand.ts';
import { findLocation } from './find-location.ts';
import { fitOf } from './hostnames.ts';
import { handlerOf, proxyPassOf } from './handlers.ts';
import type { Location } from './location.ts';
import type { Outcome, Returned } from './outcome.ts';
import { passOn } from './proxy.ts';
import { targetOf, type NginxRequest } from './request.ts';
import { known, Undecidable, type Run } from './run.ts';
import { isOn, nearestAll, own, scopeOf, type Scope } from './scope.ts';
import { runScript } from './script.ts';
import type { Server } from './server.ts';

/** nginx gives up after so many internal redirects. */
const mostChanges = 10;

/**
 * Where a server block sends a request: nginx's phases from the rewrites of the server to `proxy_pass`. Files that
 * `try_files` and `if (-f …)` look for are taken not to be there, and who is asked to log in has done so.
 */
export function whereTo(server: Server, request: NginxRequest): Outcome {
  const target = targetOf(request.uri, isOn(server.scope, 'merge_slashes', true));
  if (target === undefined) return { kind: 'return', status: 400, scope: server.scope, by: server.at };
  const run: Run = {
    server,
    request,
    method: request.method,
    ...target,
    captures: [],
    variables: new Map(),
    scope: server.scope,
    isUntouched: true,
    hasLocation: true,
    isInternal: false,
    isChanged: false,
    changesLeft: mostChanges,
    isErrorPage: false,
  };
  takeName(run);
  try {
    return fromServer(run);
  } catch (fault) {
    if (fault instanceof Undecidable) return { kind: 'unknown', why: fault.message, by: fault.at };
    throw fault;
  }
}

/** Named groups of a `server_name` are variables. */
function takeName(run: Run): void {
  const { server, request } = run;
  const host = (request.host ?? '').replace(/:\d+$/, '').toLowerCase();
  if (server.names.some(({ text, pattern }) => !pattern && fitOf(text, host) > 0)) return;
  server.names.find(({ pattern }) => pattern && 'regex' in pattern && matched(run, pattern.regex, host));
}

function fromServer(run: Run): Outcome {
  run.scope = run.server.scope;
  const step = runScript(run.server.scope, run);
  return typeof step === 'string' ? fromSearch(run) : refuse(step, run);
}

function fromSearch(run: Run): Outcome {
  run.isChanged = false;
  run.scope = run.server.scope;
  const found = findLocation(run.server.locations, run);
  if (found === undefined) return { kind: 'other', handler: 'files', scope: run.scope, by: run.server.at };
  const { location, isRedirect } = found;
  if (isRedirect)
    return { kind: 'return', status: 301, location: `${run.path}/`, scope: location.scope, by: location.at };
  if (own(location.scope, 'internal').length > 0 && !run.isInternal)
    return refuse({ kind: 'return', status: 404, scope: location.scope, by: location.at }, run);
  return fromLocation(location, run);
}

function fromLocation(location: Location, run: Run): Outcome {
  run.scope = limited(location.scope, run);
  // The block of a `limit_except` has no rewrites, and those around it are not run for it.
  const step = run.scope === location.scope ? runScript(location.scope, run) : 'next';
  if (typeof step !== 'string') return refuse(step, run);
  if (!run.isChanged) return answer(location, run);
  spendChange(run, location.at);
  return fromSearch(run);
}

function spendChange(run: Run, at: Position): void {
  run.changesLeft -= 1;
  if (run.changesLeft < 0)
    throw new Undecidable('the rewrites send it round in a circle, which ends with 500', at);
}

/** The block of `limit_except` when the method is none of those that it names. */
function limited(scope: Scope, { method }: Run): Scope {
  const except = own(scope, 'limit_except').at(-1);
  if (except === undefined) return scope;
  const allowed = except.args.map(({ text }) => text.toUpperCase());
  if (allowed.includes(method) || (method === 'HEAD' && allowed.includes('GET'))) return scope;
  return scopeOf('limit_except', except.block ?? [], except.at, scope);
}

function answer(location: Location, run: Run): Outcome {
  const { scope } = run;
  const [denied] = nearestAccess(scope);
  if (denied?.name === 'deny' && denied.args[0]?.text === 'all' && !nearestAll(scope, 'satisfy').some(isAny))
    return refuse({ kind: 'return', status: 403, scope, by: denied.at }, run);
  const [tryFiles] = own(scope, 'try_files');
  if (tryFiles) return fallBack(tryFiles.args.at(-1)?.text ?? '', tryFiles.at, run);
  const handler = handlerOf(scope) ?? handlerOf(location.scope);
  if (handler === undefined) return { kind: 'other', handler: 'files', scope, by: scope.at };
  const proxyPass = handler.name === 'proxy_pass' ? proxyPassOf(scope) : undefined;
  if (proxyPass) return passOn(proxyPass, location, run);
  return { kind: 'other', handler: handler.name, scope, by: handler.at };
}

function isAny({ args }: { readonly args: readonly { readonly text: string }[] }): boolean {
  return args[0]?.text === 'any';
}

/** `allow` and `deny` are inherited together. */
function nearestAccess(scope: Scope): Scope['directives'] {
  const isHere = scope.byName.has('allow') || scope.byName.has('deny');
  if (isHere) return scope.directives.filter(({ name }) => name === 'allow' || name === 'deny');
  return scope.parent ? nearestAccess(scope.parent) : [];
}

/** Where `try_files` and error pages go on. */
function fallBack(text: string, at: Position, run: Run): Outcome {
  spendChange(run, at);
  const status = /^=(\d{3})$/.exec(text)?.[1];
  if (status !== undefined)
    return refuse({ kind: 'return', status: Number(status), scope: run.scope, by: at }, run);
  run.isInternal = true;
  const named = run.server.locations.find(({ path, modifier }) => modifier === '@' && path === text);
  if (named) {
    run.isChanged = false;
    return fromLocation(named, run);
  }
  if (text.startsWith('@')) throw new Undecidable(`there is no location ${text}`, at);
  const [path = '', args = ''] = known(expand(text, run), at).split('?');
  Object.assign(run, { path, args, isUntouched: false, hasLocation: true });
  return fromServer(run);
}

/** What nginx answers itself, or the error page that takes its place. */
function refuse(returned: Returned, run: Run): Outcome {
  const page =
    returned.status < 300 || returned.location !== undefined || returned.hasText
      ? undefined
      : errorPageOf(run.scope, returned.status);
  if (page === undefined || run.isErrorPage) return returned;
  run.isErrorPage = !isOn(run.scope, 'recursive_error_pages', false);
  if (/^https?:/.test(page)) return { ...returned, status: 302, location: page };
  // A page is fetched; a named location takes the request as it is.
  if (!page.startsWith('@') && run.method !== 'HEAD') run.method = 'GET';
  return fallBack(page, returned.by, run);
}
