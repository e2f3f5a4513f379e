import type { Directive, Position } from '../parse.ts';
import type { Server, Unclear } from '../reading/index.ts';
import { readServer } from '../reading/server.ts';

/** A server without the conditions that turn some clients away, and where those stand. */
interface Unguarded {
  readonly server: Server;
  readonly guards: readonly Unclear[];
}

/**
 * Leaves out `if` blocks that only return, as long as nobody can tell beforehand whether they hold: they are about
 * who comes in, and whoever comes in is to be served well.
 */
export function withoutGuards(server: Server, probe: (server: Server) => Unclear | undefined): Unguarded {
  const unclear = probe(server);
  const rest = unclear && without(server.scope.directives, unclear.by);
  if (unclear === undefined || rest === undefined) return { server, guards: [] };
  const inner = withoutGuards(readServer(rest, server.http, server.at), probe);
  return { server: inner.server, guards: [unclear, ...inner.guards] };
}

/** Undefined when what stands there is no guard. */
function without(directives: readonly Directive[], at: Position): readonly Directive[] | undefined {
  const rest = directives.flatMap((each): readonly Directive[] => {
    if (each.at === at && isGuard(each)) return [];
    const inner = each.block && without(each.block, at);
    return [inner === undefined ? each : { ...each, block: inner }];
  });
  const isSame = rest.length === directives.length && rest.every((each, index) => each === directives[index]);
  return isSame ? undefined : rest;
}

function isGuard({ name, block = [] }: Directive): boolean {
  return name === 'if' && block.length > 0 && block.every((each) => each.name === 'return');
}
