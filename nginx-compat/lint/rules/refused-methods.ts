import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import { methodOf, operations, writes, type OperationName } from '../operations.ts';
import type { Rule } from '../rule.ts';

/** Methods that nginx refuses although a push or pull needs them. */
export const refusedMethods: Rule = { id: 'refused-methods', check };

function check(front: Front): readonly Remark[] {
  // Whoever refuses every write has a mirror in mind, and whoever refuses DELETE means it.
  const pushes = front.passed(writes).length > 0 ? writes : [];
  const pulls =
    front.passed(['read manifest']).length > 0 ? (['look at manifest', 'look at blob'] as const) : [];
  return [...pushes, ...pulls].flatMap((name) => refusal(name, front));
}

function refusal(name: OperationName, front: Front): readonly Remark[] {
  const outcome = front.to(name);
  if (outcome.kind !== 'return' || outcome.status < 400) return [];
  const { method, uri } = operations[name];
  return [
    {
      severity: 'error',
      at: outcome.by,
      what: `${method} ${uri.split('?')[0] ?? ''} is answered ${outcome.status} by nginx itself: ${purpose(method)}`,
      advice: `let ${methodOf(name)} through: GET, HEAD, POST, PATCH, PUT and DELETE all belong to a registry`,
    },
  ];
}

function purpose(method: string): string {
  return method === 'HEAD'
    ? 'docker asks by HEAD before it pulls or pushes'
    : 'a push needs POST, PATCH and PUT';
}
