import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import { operations, type OperationName } from '../operations.ts';
import type { Rule } from '../rule.ts';

/** What clients lose without a path. */
const needed: Readonly<Partial<Record<OperationName, string>>> = {
  ping: 'docker login and every push and pull begin with it',
  token: 'docker login gets its token there, from Nexus, Dockgate and others',
  'read manifest': 'nothing can be pulled',
  'read blob': 'nothing can be pulled',
  'short name': 'images without a "/" in their name cannot be pulled',
  'deep name': 'images with several "/" in their name cannot be pulled',
  'list tags': 'tags cannot be listed',
};

/** Paths of a registry that are not passed on. */
export const paths: Rule = { id: 'paths', check: (front) => [...missing(front), ...search(front)] };

function missing(front: Front): readonly Remark[] {
  return Object.entries(needed).flatMap(([name, loss]) => lost(name as OperationName, loss, 'error', front));
}

/** Only where a backend that can search is named: docker-registry has no search. */
function search(front: Front): readonly Remark[] {
  const { server, passed } = front;
  const named = /nexus|artifactory|\/repository\//i.test(JSON.stringify(server.scope.directives));
  if (!named || passed(['read manifest']).length === 0) return [];
  return lost('search', 'docker search finds nothing', 'hint', front);
}

function lost(
  name: OperationName,
  loss: string,
  severity: 'error' | 'hint',
  { to, passed }: Front,
): readonly Remark[] {
  const outcome = to(name);
  const isLost = outcome.kind === 'other' || (outcome.kind === 'return' && outcome.status >= 400);
  // One path that is passed on shows that this server means to be a registry.
  if (!isLost || passed().length === 0) return [];
  const { method, uri } = operations[name];
  const path = uri.split('?')[0] ?? '';
  return [
    {
      severity,
      at: outcome.by,
      what: `${method} ${path} does not reach the registry but ends here: ${loss}`,
      advice: `pass it on as well; "location /${path.split('/')[1] ?? ''}/ { proxy_pass …; }" takes all of them`,
    },
  ];
}
