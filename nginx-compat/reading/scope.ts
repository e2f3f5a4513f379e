import type { Directive, Position } from '../parse.ts';

/** A block and those around it, through which nginx inherits. */
export interface Scope {
  readonly kind: 'http' | 'server' | 'location' | 'if' | 'limit_except';
  readonly directives: readonly Directive[];
  /** The same by their names: an http block may have thousands. */
  readonly byName: ReadonlyMap<string, readonly Directive[]>;
  readonly parent?: Scope;
  readonly at: Position;
}

/** A block within another. */
export function scopeOf(
  kind: Scope['kind'],
  directives: readonly Directive[],
  at: Position,
  parent?: Scope,
): Scope {
  const byName = Map.groupBy(directives, ({ name }) => name);
  return { kind, directives, byName, at, ...(parent && { parent }) };
}

/** The directives of that name in this block itself. */
export function own(scope: Scope, name: string): readonly Directive[] {
  return scope.byName.get(name) ?? [];
}

/** All of that name in the nearest block that has any: `proxy_set_header` and its like are inherited all or none. */
export function nearestAll(scope: Scope, name: string): readonly Directive[] {
  for (let each: Scope | undefined = scope; each; each = each.parent) {
    const found = own(each, name);
    if (found.length > 0) return found;
  }
  return [];
}

/** The one that is in force. */
export function nearest(scope: Scope, name: string): Directive | undefined {
  return nearestAll(scope, name).at(-1);
}

/** The first word of the one that is in force. */
export function nearestWord(scope: Scope, name: string): string | undefined {
  return nearest(scope, name)?.args[0]?.text;
}

/** Whether a flag is on, with nginx's own default. */
export function isOn(scope: Scope, name: string, standard: boolean): boolean {
  const word = nearestWord(scope, name)?.toLowerCase();
  return word === undefined ? standard : word === 'on';
}
