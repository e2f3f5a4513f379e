import { nearest, nearestAll, type Scope } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Rule } from '../rule.ts';

/** A cache of nginx that answers one client with what another may see. */
export const proxyCache: Rule = {
  id: 'proxy-cache',
  check: (front) =>
    front
      .passed(['read manifest', 'read blob', 'ping', 'token'])
      .flatMap(([, { scope }]): readonly Remark[] => {
        const cache = nearest(scope, 'proxy_cache');
        if (cache === undefined || cache.args[0]?.text === 'off' || regardsLogin(scope)) return [];
        return [
          {
            severity: 'error',
            at: cache.at,
            what: 'answers are kept by path alone: who has no right to an image gets what somebody with the right has pulled, tags stay old after a push, and a kept 401 or token is given to others',
            advice:
              "proxy_cache off; for /v2/. A pull-through cache is the registry's work, which checks the rights of each client",
          },
        ];
      }),
};

function regardsLogin(scope: Scope): boolean {
  return ['proxy_cache_key', 'proxy_no_cache', 'proxy_cache_bypass'].some((name) =>
    nearestAll(scope, name).some(({ args }) => args.some(({ text }) => text.includes('$http_authorization'))),
  );
}
