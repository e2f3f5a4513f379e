import { ask } from '../ask.ts';
import { basic, requestToken } from '../authorize.ts';
import type { Check } from '../check.ts';
import { error, ok, skipped, Trouble, warning } from '../finding.ts';
import { inWords, refusal } from '../refusal.ts';

/** Logs in as docker does: /v2/, the token service without a scope, /v2/ again. */
export const loginCheck: Check = {
  name: 'login',
  needs: ['challenge', 'realm'],
  async run(visit) {
    const { challenge } = visit.facts;
    if (!challenge) return [ok('nobody has to log in')];
    const credentials = await visit.credentials();
    if (!credentials)
      return [
        skipped(
          'no user was named',
          `to see the rest, "docker login ${visit.base.host}" on this machine first, or name one with --user NAME --password-stdin`,
        ),
      ];
    const grant = challenge.scheme === 'bearer' ? await requestToken(visit, credentials) : undefined;
    const authorization = grant ? `Bearer ${grant.token}` : basic(credentials);
    const answer = await ask(visit, '/v2/', { headers: { authorization } });
    if (answer.status === 401 && grant)
      return [
        error(
          `GET /v2/ with a token that was just granted answered ${inWords(answer)}`,
          'the proxy in front drops or replaces the Authorization header (nginx: proxy_set_header Authorization, auth_basic), or the registry trusts another token service',
        ),
      ];
    if (answer.status === 401)
      throw new Trouble(
        `GET /v2/ refuses ${credentials.user}: ${inWords(answer)}`,
        'check the name and the password, and see that the proxy in front passes the Authorization header on',
      );
    if (answer.status !== 200) throw refusal('GET /v2/ after the login', answer);
    if (grant?.expiresIn !== undefined && grant.expiresIn < 60)
      return [
        warning(
          `tokens last ${grant.expiresIn} s, and clients take less than 60 s for 60 s`,
          'let the token service grant them for longer (docker-registry: the settings of its token service)',
        ),
      ];
    return [ok(`${credentials.user} logs in`)];
  },
};
