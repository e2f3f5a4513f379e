import type { Directive } from '../parse.ts';

/** The tree without some directives and what is in them; blocks around them are new, known by their positions. */
export function without(
  directives: readonly Directive[],
  ...left: readonly Pick<Directive, 'at'>[]
): readonly Directive[] {
  const places = new Set(left.map(({ at }) => at));
  const prune = (each: readonly Directive[]): readonly Directive[] =>
    each
      .filter(({ at }) => !places.has(at))
      .map((one) => (one.block === undefined ? one : { ...one, block: prune(one.block) }));
  return prune(directives);
}
