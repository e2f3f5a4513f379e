import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import { operations, writes, type OperationName } from '../operations.ts';
import type { Rule } from '../rule.ts';

/** Methods that nginx refuses although a push or pull needs them. */
export const refusedMethods: Rule = { id: 'refused-methods', check };

function check(front: Front): readonly Remark[] {
  // Whoever refuses every write has a mirror in mind, and whoever refuses DELETE means it.
  const pushes = front.passed(writes).length > 0 ? writes : [];
  const pulls =
    front.passed(['read manifest']).length > 0 ? (['look at manifest', 'look at blob'] as const) : [];
  const remarks = [...pushes, ...pulls].flatMap((name) => refusal(name, front));
  const key = ({ at, method }: Refusal): string => [at.file, at.line, at.column, method].join();
  return [...new Map(remarks.map((each) => [key(each), each])).values()].map(
    ({ severity, at, what, advice }) => ({ severity, at, what, advice }),
  );
}

interface Refusal extends Remark {
  readonly method: string;
}

/** One for each method and line is enough. */
function refusal(name: OperationName, front: Front): readonly Refusal[] {
  const outcome = front.to(name);
  if (outcome.kind !== 'return' || outcome.status < 400) return [];
  const { method, uri } = operations[name];
  return [
    {
      method,
      severity: 'error',
      at: outcome.by,
      what: `${method} ${uri.split('?')[0] ?? ''} is answered ${outcome.status} by nginx itself: ${purpose(method)}`,
      advice: `let ${method} through: GET, HEAD, POST, PATCH, PUT and DELETE all belong to a registry`,
    },
  ];
}

function purpose(method: string): string {
  return method === 'HEAD'
    ? 'docker asks by HEAD before it pulls or pushes'
    : 'a push needs POST, PATCH and PUT';
}
