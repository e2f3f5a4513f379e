import type { Directive } from '../parse.ts';

/** The tree without one directive and what is in it; blocks around it are new, known by their positions. */
export function without(directives: readonly Directive[], left: Directive): readonly Directive[] {
  return directives
    .filter(({ at }) => at !== left.at)
    .map((each) => (each.block === undefined ? each : { ...each, block: without(each.block, left) }));
}
