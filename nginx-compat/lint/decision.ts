import type { Directive, Position } from '../parse.ts';
import type { Front } from './front.ts';

/** Where a server tells methods apart, which is the line to change: an `if`, a `map`, or `limit_except`. */
export function methodDecision({ server, reading }: Front): Position | undefined {
  const text = JSON.stringify(server.scope.directives);
  const used = [...reading.maps.values()].find(
    ({ source, variable }) => source.includes('$request_method') && text.includes(`$${variable}`),
  );
  return decides(server.scope.directives)?.at ?? used?.at;
}

function decides(directives: readonly Directive[]): Directive | undefined {
  for (const each of directives) {
    const isOne = each.name === 'limit_except' || (each.name === 'if' && each.args.some(isMethod));
    const found = isOne ? each : decides(each.block ?? []);
    if (found) return found;
  }
  return undefined;
}

function isMethod({ text }: { readonly text: string }): boolean {
  return text.includes('$request_method');
}
