import { methodDecision } from '../decision.ts';
import { destinationOf } from '../destination.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import { rightSplit } from '../right-split.ts';
import type { Rule } from '../rule.ts';

/** HEAD that goes to another registry than what it announces. */
export const headSplit: Rule = { id: 'head-split', check: (front) => [...manifests(front), ...blobs(front)] };

function manifests(front: Front): readonly Remark[] {
  const [get, head] = [front.to('read manifest'), front.to('look at manifest')];
  if (get.kind !== 'proxy' || head.kind !== 'proxy') return [];
  const [reads, looks] = [destinationOf('read manifest', get), destinationOf('look at manifest', head)];
  if (reads === looks) return [];
  return [
    {
      severity: 'error',
      at: methodDecision(front) ?? head.by,
      what: `HEAD of a manifest goes to ${looks}, GET to ${reads}: docker asks by HEAD before it pulls, and is told "manifest unknown" of images that only the other one has`,
      advice: `let HEAD of manifests follow GET: ${rightSplit}`,
    },
  ];
}

/** A split: what the read side holds must not be announced to somebody who pushes to the write side. */
function blobs(front: Front): readonly Remark[] {
  const [write, head] = [front.to('begin upload'), front.to('look at blob')];
  if (write.kind !== 'proxy' || head.kind !== 'proxy') return [];
  const [target, looks] = [destinationOf('begin upload', write), destinationOf('look at blob', head)];
  if (target === looks) return [];
  return [
    {
      severity: 'warning',
      at: methodDecision(front) ?? head.by,
      what: `HEAD of a blob goes to ${looks}, uploads to ${target}: a push is told "Layer already exists" of layers that only the read side has, and its manifest is then refused`,
      advice: `send HEAD of blobs where uploads go; pulls do not use it: ${rightSplit}`,
    },
  ];
}
