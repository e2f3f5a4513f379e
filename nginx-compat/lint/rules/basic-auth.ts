import { nearest, type Outcome, type Scope } from '../../reading/index.ts';
import type { Remark } from '../finding.ts';
import type { Front } from '../front.ts';
import type { Rule } from '../rule.ts';

/** `auth_basic` before a registry that hands out tokens. */
export const basicAuth: Rule = {
  id: 'basic-auth',
  check(front: Front): readonly Remark[] {
    const [ping, token] = [front.to('ping'), front.to('token')];
    const directive = demandOf(ping);
    if (directive === undefined) return [];
    if (token.kind === 'proxy' && demandOf(token) === undefined)
      return [
        {
          severity: 'error',
          at: directive.at,
          what: 'tokens are handed out at /v2/token without this password, but a client that has one sends it in the Authorization header and auth_basic refuses it: docker login succeeds or not, push and pull never',
          advice:
            'auth_basic off; for /v2/, and let the registry ask for the login, or let nginx alone ask, before a registry without users',
        },
      ];
    return apart(front, directive);
  },
};

/** A door that asks at /v2/ alone lets everybody in elsewhere, and one that does not ask there never gets a login. */
function apart(front: Front, { at }: { readonly at: Remark['at'] }): readonly Remark[] {
  const open = front
    .passed(['write manifest', 'begin upload'])
    .find(([, outcome]) => demandOf(outcome) === undefined);
  if (open === undefined) return [];
  return [
    {
      severity: 'warning',
      at: open[1].by,
      what: `a password is asked at /v2/ (line ${at.line}), but not here, where pushes go: nginx lets everybody through`,
      advice: 'auth_basic and auth_basic_user_file in the server block, for all locations',
    },
  ];
}

function demandOf(outcome: Outcome): ReturnType<typeof nearest> {
  const scope: Scope | undefined = outcome.kind === 'unknown' ? undefined : outcome.scope;
  const directive = scope && nearest(scope, 'auth_basic');
  return directive?.args[0]?.text === 'off' ? undefined : directive;
}
