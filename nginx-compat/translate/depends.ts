import type { Directive } from '../parse.ts';
import type { Server } from '../reading/index.ts';

/** What the probes tell, so that a decision by it is seen. */
const asked = new Set(
  'request_method request_uri uri document_uri args query_string is_args request scheme https host http_host server_name server_port server_protocol'.split(
    ' ',
  ),
);

/** Finds a variable in a text that depends on more than method, path and host, such as a header; undefined: none. */
export function unaskedIn(text: string, server: Server): string | undefined {
  return find(text, server, new Set());
}

function find(text: string, server: Server, seen: Set<string>): string | undefined {
  for (const [, braced, bare] of text.matchAll(/\$(?:\{(\w+)\}|(\w+))/g)) {
    const name = braced ?? bare ?? '';
    if (asked.has(name) || /^\d+$/.test(name) || seen.has(name)) continue;
    seen.add(name);
    const deeper = sourcesOf(name, server);
    if (deeper.length === 0) return name;
    const found = deeper.map((each) => find(each, server, seen)).find((each) => each !== undefined);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a variable is made of: the values that `set` gives it, the source of its map, or a capture. */
function sourcesOf(name: string, { http, scope, names }: Server): readonly string[] {
  const map = http.maps.get(name);
  if (map) return [map.source];
  const captured = names.some(({ text }) => text.includes(`(?<${name}>`));
  return captured ? [''] : valuesOf(name, scope.directives);
}

function valuesOf(name: string, directives: readonly Directive[]): readonly string[] {
  return directives.flatMap((each) => {
    const [first, second] = each.args.map(({ text }) => text);
    const own = each.name === 'set' && first === `$${name}` ? [second ?? ''] : [];
    const captures = each.args.some(({ text }) => text.includes(`(?<${name}>`)) ? [''] : [];
    return [...own, ...captures, ...valuesOf(name, each.block ?? [])];
  });
}
