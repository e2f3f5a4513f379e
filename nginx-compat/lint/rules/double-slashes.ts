import type { Directive } from '../../parse.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import type { Rule } from '../rule.ts';

/** Rewrites that clean up paths, which nginx then sends decoded instead of as the client wrote them. */
export const doubleSlashes: Rule = {
  id: 'double-slashes',
  check: ({ server }: Front) =>
    rewrites(server.scope.directives)
      .filter(
        ({ args }) => /\/\/|\/\{2|\/\+|%2f/i.test(args[0]?.text ?? '') && !args[1]?.text.includes('://'),
      )
      .map((each): Remark => ({
        severity: 'warning',
        at: each.at,
        what: 'a path that this rewrites reaches the registry decoded and put together anew, not as it was sent; nginx merges slashes by itself when it looks for a location',
        advice: 'leave it out, and proxy_pass without a path',
      })),
};

function rewrites(directives: readonly Directive[]): readonly Directive[] {
  return directives.flatMap((each) => [
    ...(each.name === 'rewrite' ? [each] : []),
    ...rewrites(each.block ?? []),
  ]);
}
