import { hostOf, isInternal } from '../address.ts';
import { ask } from '../ask.ts';
import { realmOf } from '../authorize.ts';
import { readChallenges } from '../challenge.ts';
import type { Check } from '../check.ts';
import { error, ok, warning, type Remark } from '../finding.ts';
import type { Visit } from '../visit.ts';

/** Whether clients can reach the token service where the challenge says it is. */
export const realmCheck: Check = {
  name: 'realm',
  needs: ['challenge'],
  async run(visit) {
    const { challenge } = visit.facts;
    if (challenge?.scheme !== 'bearer') return [ok('no token service is needed')];
    const realm = realmOf(visit);
    const wrong = judgeAddress(visit, realm);
    if (wrong) return [wrong];
    const remarks = [...(await judgeAnswer(visit, realm)), ...(await judgeScope(visit))];
    return remarks.length > 0 ? remarks : [ok(`the token service is ${realm.href}`)];
  },
};

const headers =
  'the proxy in front tells the registry a wrong address: nginx needs "proxy_set_header Host $http_host;" and "proxy_set_header X-Forwarded-Proto $scheme;"';
const elsewhere =
  'docker-registry has it in auth.token.realm, and Dockgate believes X-Forwarded-* of "trustedProxies" in dockgate.yaml only';

function judgeAddress({ base, facts }: Visit, realm: URL): Remark | undefined {
  const said = facts.challenge?.parameters.realm ?? '';
  if (!/^https?:\/\//i.test(said))
    return error(
      `the realm is ${said}, and clients want a whole URL`,
      'name it with scheme and host (docker-registry: auth.token.realm)',
    );
  if (base.protocol === 'https:' && realm.protocol !== 'https:')
    return error(
      `the realm ${realm.href} is plain HTTP, where passwords are sent unencrypted, if clients reach it at all`,
      `${headers}; ${elsewhere}`,
    );
  const [theirs, ours] = [hostOf(realm), hostOf(base)];
  if (theirs === ours && realm.port !== base.port)
    return error(
      `the realm ${realm.href} is at port ${realm.port || 'of its scheme'}, and the registry is at ${base.host}`,
      `${headers} ($host would lose the port); ${elsewhere}`,
    );
  if (theirs !== ours && (facts.isDockgate || isInternal(theirs)))
    return error(
      `the realm ${realm.href} is not at ${base.host}, and other machines may not reach it`,
      `${headers}; ${elsewhere}`,
    );
  return undefined;
}

async function judgeAnswer(visit: Visit, realm: URL): Promise<readonly Remark[]> {
  try {
    const { status } = await ask(visit, realm);
    if (status < 500 && status !== 404) return [];
    return [
      error(
        `the token service ${realm.href} answers ${status}`,
        `let the proxy in front pass ${realm.pathname} to the token service (nginx: location ${realm.pathname})`,
      ),
    ];
  } catch (fault) {
    return [
      error(
        `the token service ${realm.href} cannot be reached: ${fault instanceof Error ? fault.message : String(fault)}`,
        `${headers}; ${elsewhere}`,
      ),
    ];
  }
}

/** Clients ask for what the challenge of a request names, so a path that was rewritten on the way shows here. */
async function judgeScope(visit: Visit): Promise<readonly Remark[]> {
  const answer = await ask(visit, `/v2/${visit.name}/blobs/uploads/`, { method: 'POST' });
  const [challenge] = readChallenges(answer.headers['www-authenticate']);
  const scope = challenge?.parameters.scope;
  if (answer.status !== 401 || scope === undefined) return [];
  const [type, name] = scope.split(':');
  if (type === 'repository' && name === visit.name && scope.includes('push')) return [];
  return [
    warning(
      `a push of ${visit.name} is asked for the scope ${scope}`,
      'the path was changed on its way to the registry: let the proxy in front pass it on as it is (nginx: proxy_pass without a path, no rewrite)',
    ),
  ];
}
