import { methodDecision } from '../decision.ts';
import { destinationOf } from '../destination.ts';
import type { Front } from '../front.ts';
import { methodOf } from '../operations.ts';
import type { Remark } from '../finding.ts';
import { rightSplit } from '../right-split.ts';
import type { Rule } from '../rule.ts';

/** An upload session is known to the registry that opened it alone. */
export const uploadSession: Rule = { id: 'upload-session', check };

function check(front: Front): readonly Remark[] {
  const begin = front.to('begin upload');
  if (begin.kind !== 'proxy') return [];
  const home = destinationOf('begin upload', begin);
  const astray = front
    .passed(['ask about upload', 'look at upload', 'cancel upload', 'continue upload', 'finish upload'])
    .filter(([name, outcome]) => destinationOf(name, outcome) !== home);
  const [first] = astray;
  if (first === undefined) return [];
  const methods = [...new Set(astray.map(([name]) => methodOf(name)))];
  return [
    {
      severity: methods.some((method) => method === 'PATCH' || method === 'PUT') ? 'error' : 'warning',
      at: methodDecision(front) ?? first[1].by,
      what: `POST opens uploads at ${home}, but ${methods.join(', ')} of an upload goes to ${destinationOf(...first)}, which does not know it: ${methods.includes('PATCH') || methods.includes('PUT') ? 'no push gets through' : 'clients cannot resume or cancel uploads'}`,
      advice: `send all methods below /blobs/uploads/ to one registry: ${rightSplit}`,
    },
  ];
}
