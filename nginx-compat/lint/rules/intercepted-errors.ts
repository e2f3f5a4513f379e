import { isOn, nearestAll, nearest } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Rule } from '../rule.ts';

/** Error pages that take the place of the registry's JSON. */
export const interceptedErrors: Rule = {
  id: 'intercepted-errors',
  check: ({ scopes }) =>
    scopes
      .filter((scope) => isOn(scope, 'proxy_intercept_errors', false))
      .flatMap((scope): readonly Remark[] => {
        const codes = nearestAll(scope, 'error_page').flatMap(({ args }) =>
          args
            .slice(0, -1)
            .map(({ text }) => text)
            .filter((text) => /^4\d\d$/.test(text)),
        );
        if (codes.length === 0) return [];
        return [
          {
            severity: 'error',
            at: nearest(scope, 'proxy_intercept_errors')?.at ?? scope.at,
            what: `answers with ${codes.join(', ')} are replaced by a page: clients need the registry's own JSON ("manifest unknown", "unauthorized") to go on`,
            advice: 'proxy_intercept_errors off; in the location of /v2/',
          },
        ];
      }),
};
