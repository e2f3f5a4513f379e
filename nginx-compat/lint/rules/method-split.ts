import { methodDecision } from '../decision.ts';
import { destinationOf } from '../destination.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import { methodOf, writes } from '../operations.ts';
import { rightSplit } from '../right-split.ts';
import type { Rule } from '../rule.ts';

/** Parts of a push that go to the read side, or to two places. */
export const methodSplit: Rule = { id: 'method-split', check };

function check(front: Front): readonly Remark[] {
  const read = front.to('read manifest');
  const write = front.to('write manifest');
  if (read.kind !== 'proxy' || write.kind !== 'proxy') return [];
  const [reads, target] = [destinationOf('read manifest', read), destinationOf('write manifest', write)];
  if (reads === target) return blobReads(front, reads);
  const astray = front
    .passed([...writes, 'delete manifest', 'delete blob'])
    .filter(([name, outcome]) => destinationOf(name, outcome) !== target);
  const methods = [...new Set(astray.map(([name]) => methodOf(name)))];
  const [first] = astray;
  if (first === undefined) return blobReads(front, reads);
  const isPush = methods.some((method) => method !== 'DELETE');
  return [
    {
      severity: isPush ? 'error' : 'warning',
      at: methodDecision(front) ?? first[1].by,
      what: `PUT goes to ${target}, but ${methods.join(', ')} to ${destinationOf(...first)}: ${isPush ? 'a push begins at one registry and ends at the other, where its layers are unknown' : 'what was pushed cannot be deleted'}`,
      advice: rightSplit,
    },
  ];
}

/** GET of manifests and of blobs apart: nothing that was pulled by tag can be fetched. */
function blobReads(front: Front, reads: string): readonly Remark[] {
  const astray = front
    .passed(['read blob', 'list tags'])
    .filter(([name, outcome]) => destinationOf(name, outcome) !== reads);
  return astray.slice(0, 1).map(([name, outcome]) => ({
    severity: 'warning',
    at: outcome.by,
    what: `GET of manifests goes to ${reads}, but "${name}" to ${destinationOf(name, outcome)}: a pull mixes two registries`,
    advice: 'send every GET below /v2/NAME/ to one registry, uploads excepted',
  }));
}
