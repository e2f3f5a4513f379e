import type { Directive } from '../parse.ts';
import type { Reading, Server } from '../reading/index.ts';
import { readServer } from '../reading/server.ts';
import { routeOf } from './route.ts';
import { sitesOf } from './sites.ts';
import { without } from './without.ts';

/** A server without the conditions that nobody can decide beforehand, such as those on the client's address. */
export interface Decidable {
  readonly server: Server;
  /** The `if` blocks that were left out, and why. */
  readonly dropped: ReadonlyMap<Directive, string>;
}

/** Leaves out `if` blocks until requests can be followed; what they did must be reported. */
export function makeDecidable(server: Server): Decidable {
  const dropped = new Map<Directive, string>();
  let decidable = server;
  for (;;) {
    const unclear = unclearIf(decidable);
    if (unclear === undefined) return { server: decidable, dropped };
    dropped.set(unclear.directive, unclear.why);
    const directives = without(decidable.scope.directives, unclear.directive);
    decidable = readServer(directives, server.http, server.at);
  }
}

function unclearIf(server: Server): { readonly directive: Directive; readonly why: string } | undefined {
  for (const site of sitesOf({ servers: [server] } satisfies Pick<Reading, 'servers'>)) {
    const route = routeOf(site);
    if (route.kind !== 'unclear') continue;
    const directive = findIf(server.scope.directives, route.by);
    if (directive) return { directive, why: route.why };
  }
  return undefined;
}

function findIf(directives: readonly Directive[], at: Directive['at']): Directive | undefined {
  for (const each of directives) {
    if (each.at === at && each.name === 'if') return each;
    const inside = findIf(each.block ?? [], at);
    if (inside) return inside;
  }
  return undefined;
}
