import type { Directive, Parsed, Position } from '../parse.ts';
import { readMap } from './map.ts';
import { scopeOf } from './scope.ts';
import { readServer, type Http, type Server } from './server.ts';
import { readUpstream } from './upstream.ts';

/** What a configuration says of HTTP; what is outside of it, such as `stream`, stays in the tree alone. */
export interface Reading extends Http {
  readonly servers: readonly Server[];
}

/** Belong into `http`, also where somebody wrote them beside a lone `location`. */
const shared = new Set(['upstream', 'map', 'geo', 'split_clients', 'js_set', 'perl_set', 'auth_request_set']);

/** Interprets a tree, whatever block it is the inside of. */
export function readNginx({ directives, context, files }: Parsed): Reading {
  const start = directives[0]?.at ?? { file: files[0] ?? '', line: 1, column: 1 };
  if (context === 'main') {
    const inside = directives.filter(({ name }) => name === 'http');
    return readHttp(
      inside.flatMap(({ block = [] }) => block),
      inside[0]?.at ?? start,
    );
  }
  if (context === 'http') return readHttp(directives, start);
  const inner = directives.filter(({ name }) => !shared.has(name));
  const outer = directives.filter(({ name }) => shared.has(name));
  return readHttp(
    [...outer, serverAround(context === 'server' ? inner : [locationAround(inner, start)], start)],
    start,
  );
}

function serverAround(block: readonly Directive[], at: Position): Directive {
  return { name: 'server', args: [], block, at };
}

function locationAround(block: readonly Directive[], at: Position): Directive {
  return { name: 'location', args: [{ text: '/', quoted: false, at }], block, at };
}

function readHttp(directives: readonly Directive[], at: Position): Reading {
  const scope = scopeOf('http', directives, at);
  const named = (name: string): readonly Directive[] => directives.filter((each) => each.name === name);
  const http: Http = {
    scope,
    upstreams: new Map(
      named('upstream')
        .map(readUpstream)
        .map((each) => [each.name, each]),
    ),
    maps: new Map(
      named('map')
        .map(readMap)
        .map((each) => [each.variable, each]),
    ),
    assigned: new Set(assignments(directives)),
    foreign: new Map(
      ['geo', 'split_clients', 'js_set', 'perl_set'].flatMap((name) => named(name)).flatMap(variableOf),
    ),
  };
  const servers = named('server').map((each) => readServer(each.block ?? [], http, each.at));
  return { ...http, servers };
}

/** `geo $x {}`, `geo $remote_addr $x {}`, `split_clients "a" $x {}`, `js_set $x f`. */
function variableOf({ name, args, at }: Directive): readonly (readonly [string, Position])[] {
  const word = name.endsWith('_set') ? args[0] : args.at(-1);
  return word === undefined ? [] : [[word.text.replace(/^\$/, ''), at]];
}

function assignments(directives: readonly Directive[]): string[] {
  return directives.flatMap(({ name, args, block = [] }) => [
    ...(name === 'set' ? [args[0]?.text.replace(/^\$/, '') ?? ''] : []),
    ...assignments(block),
  ]);
}
