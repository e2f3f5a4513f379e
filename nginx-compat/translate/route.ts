import { nearestAll, type Outcome, type Proxied, type Scope } from '../reading/index.ts';
import type { Position } from '../parse.ts';
import { addressesOf } from './address.ts';
import { pageProbes, registryProbes, type Probe } from './probes.ts';
import { ask, type Site } from './sites.ts';

/** A backend that requests reach. */
export interface Side {
  /** URLs without a slash at the end; the first is asked first. */
  readonly urls: readonly string[];
  readonly outcome: Proxied;
}

/** What a site is in Dockgate's words. */
export type Route =
  | { readonly kind: 'split'; readonly read: Side; readonly write: Side | undefined }
  | { readonly kind: 'forward'; readonly to: Side; readonly isRegistry: boolean }
  | { readonly kind: 'redirect'; readonly location: string; readonly by: Position }
  /** It answers, but nothing that a registry or a page behind it would. */
  | { readonly kind: 'nothing'; readonly why: string; readonly by: Position }
  | { readonly kind: 'unclear'; readonly why: string; readonly by: Position };

/** From here on a limit is that of a registry and not of a page. */
const largeBody = 2 * 1024 ** 3;

/** Decides by concrete requests what a site is. */
export function routeOf(site: Site): Route {
  const read = ask(site, registryProbes.manifest);
  const home = ask(site, pageProbes.home);
  if (read.kind === 'unknown') return { kind: 'unclear', why: read.why, by: read.by };
  if (read.kind === 'return' && read.location !== undefined) return redirect(read.location, read.by);
  if (read.kind !== 'proxy') return withoutRegistry(site, read, home);
  const reading = sideOf(read, registryProbes.manifest);
  if ('why' in reading) return { kind: 'unclear', ...reading, by: read.by };
  const push = ask(site, registryProbes.push);
  const writing = push.kind === 'proxy' ? sideOf(push, registryProbes.push) : undefined;
  if (push.kind === 'unknown' || (writing && 'why' in writing))
    return { kind: 'unclear', why: 'why' in push ? push.why : whyOf(writing), by: push.by };
  return isPassedOnWhole(site, reading, writing)
    ? { kind: 'forward', to: reading, isRegistry: true }
    : isRegistry(site, reading, writing)
      ? { kind: 'split', read: reading, write: writing }
      : { kind: 'forward', to: reading, isRegistry: false };
}

function whyOf(side: Side | { readonly why: string } | undefined): string {
  return side && 'why' in side ? side.why : '';
}

function redirect(location: string, by: Position): Route {
  return /^https:/i.test(location)
    ? { kind: 'redirect', location, by }
    : { kind: 'nothing', why: `it sends every request to ${location}`, by };
}

/** The side of a request that is passed on. */
export function sideOf(outcome: Proxied, probe: Probe): Side | { readonly why: string } {
  const urls = addressesOf(outcome, probe);
  return 'why' in urls ? urls : { urls, outcome };
}

function withoutRegistry(site: Site, read: Exclude<Outcome, { kind: 'proxy' }>, home: Outcome): Route {
  const page = home.kind === 'proxy' ? sideOf(home, pageProbes.home) : undefined;
  if (page && !('why' in page)) return { kind: 'forward', to: page, isRegistry: false };
  if (page) return { kind: 'unclear', why: whyOf(page), by: home.by };
  const answers = read.kind === 'return' ? `it answers ${read.status}` : `${handlerOf(read)} answers`;
  const reach = site.server.locations.some((each) => nearestAll(each.scope, 'proxy_pass').length > 0);
  const why = reach ? `only some paths lead to another server, and ${answers} the others` : answers;
  return { kind: reach ? 'unclear' : 'nothing', why, by: read.by };
}

function handlerOf(outcome: Outcome): string {
  return outcome.kind === 'other' ? outcome.handler : outcome.kind;
}

/** A registry has a split, a place of its own, or takes layers; a page has none of them, or a WebSocket. */
function isRegistry(site: Site, { urls, outcome }: Side, write: Side | undefined): boolean {
  if (write?.urls.join() !== urls.join()) return true;
  const page = ask(site, pageProbes.page);
  if (!('scope' in page) || blockOf(page.scope) !== blockOf(outcome.scope)) return true;
  const { bodySize } = write.outcome.limits;
  const isWebSocket = outcome.headers.some((each) => each.name.toLowerCase() === 'upgrade');
  return (bodySize === 0 || bodySize >= largeBody) && !isWebSocket;
}

/** The location around an `if` or a `limit_except`. */
function blockOf(scope: Scope): Scope {
  return (scope.kind === 'if' || scope.kind === 'limit_except') && scope.parent
    ? blockOf(scope.parent)
    : scope;
}

/** Whether more than the registry's own paths leads to the same server, such as a token service under this name. */
function isPassedOnWhole(site: Site, { urls }: Side, write: Side | undefined): boolean {
  if (write?.urls.join() !== urls.join()) return false;
  const others = otherPaths(site).map((uri) => ask(site, { method: 'GET', uri }));
  const same = others.filter((outcome, index) => {
    if (outcome.kind !== 'proxy') return false;
    const side = sideOf(outcome, { method: 'GET', uri: otherPaths(site)[index] ?? '' });
    return 'urls' in side && side.urls.join() === urls.join();
  });
  return same.length > 0 && others.every((each) => each.kind !== 'proxy' || same.includes(each));
}

/** Of the locations that have a fixed path, other than the root and those of registries. */
function otherPaths({ server }: Site): readonly string[] {
  return server.locations
    .filter(({ modifier }) => modifier === '' || modifier === '=' || modifier === '^~')
    .map(({ path }) => path)
    .filter((path) => path !== '/' && !/^\/(v[12](\/|$)|_ping)/.test(path));
}
