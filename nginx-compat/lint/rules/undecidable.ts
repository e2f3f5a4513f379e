import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import { operations, type OperationName } from '../operations.ts';
import type { Rule } from '../rule.ts';

/** What cannot be told from the file, so that nothing is passed over in silence. */
export const undecidable: Rule = {
  id: 'undecidable',
  check: ({ to, guards }: Front) => [
    ...guards.map(({ by, why }) =>
      remark(by, `whether this turns a client away cannot be told from the file: ${why}`),
    ),
    ...(Object.keys(operations) as OperationName[]).flatMap((name): readonly Remark[] => {
      const outcome = to(name);
      if (outcome.kind !== 'unknown') return [];
      return [remark(outcome.by, `where requests go from here cannot be told from the file: ${outcome.why}`)];
    }),
  ],
};

function remark(at: Remark['at'], what: string): Remark {
  const advice = 'look at this part yourself, and let "dockgate doctor" try it with real requests';
  return { severity: 'hint', at, what, advice };
}
