import { isIP } from 'node:net';
import { nearest, type Proxied } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Rule } from '../rule.ts';

/** A name in a variable that nginx must look up, and nobody to ask. */
export const resolver: Rule = {
  id: 'resolver',
  check: (front) => front.passed().flatMap(([, outcome]) => unresolved(outcome)),
};

function unresolved({ upstream, target, scope, by }: Proxied): readonly Remark[] {
  const pass = scope.directives.find(({ at }) => at === by) ?? nearest(scope, 'proxy_pass');
  const host = target.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  const hasVariable = pass?.args[0]?.text.includes('$') ?? false;
  if (upstream || !hasVariable || host.startsWith('unix:') || isIP(host) !== 0) return [];
  if (nearest(scope, 'resolver')) return [];
  return [
    {
      severity: 'error',
      at: by,
      what: `proxy_pass has a variable, so that "${host}" is looked up for each request, but no resolver is given: every request ends with 502`,
      advice: `resolver 127.0.0.53; or upstream ${host} { server ${host}:PORT; }`,
    },
  ];
}
