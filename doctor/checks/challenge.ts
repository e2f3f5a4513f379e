import { ask, type Answer } from '../ask.ts';
import { readChallenges } from '../challenge.ts';
import type { Check } from '../check.ts';
import { error, ok, Trouble, warning, type Remark } from '../finding.ts';
import { inWords, messageOf, refusal } from '../refusal.ts';
import type { Visit } from '../visit.ts';

/** What /v2/ says to those who have not logged in; every client begins there. */
export const challengeCheck: Check = {
  name: 'challenge',
  needs: ['port', 'certificate-chain', 'certificate-names', 'certificate-dates'],
  async run(visit) {
    const answer = await ask(visit, '/v2/');
    const { status, headers } = answer;
    if (isSentToHttps(visit, answer))
      throw new Trouble(
        `GET /v2/ by HTTPS is redirected to ${String(headers.location)}: what stands behind takes it for plain HTTP`,
        'let the proxy in front say how the request came (nginx: "proxy_set_header X-Forwarded-Proto $scheme;"; HAProxy: "http-request set-header X-Forwarded-Proto https"), and let Dockgate believe it: its address in "trustedProxies" in dockgate.yaml; or send requests to its port of HTTPS',
      );
    if (status !== 200 && status !== 401) throw refusal('GET /v2/', answer);
    const version = headers['docker-distribution-api-version'];
    if (version === undefined && (status === 200 || headers['www-authenticate'] === undefined))
      throw new Trouble(
        `GET /v2/ answered ${inWords(answer)} without Docker-Distribution-Api-Version: this is no registry`,
        'let "location /v2/" of the proxy in front go to the registry, with its path unchanged (nginx: proxy_pass without a path)',
      );
    const found = status === 401 ? judgeChallenge(visit, answer) : await judgeOpen(visit);
    const damage = version === undefined ? [lostVersion()] : [];
    return damage.length > 0 ? [...found.filter(({ level }) => level !== 'ok'), ...damage] : found;
  },
};

function isSentToHttps({ base }: Visit, { status, headers }: Answer): boolean {
  const to = headers.location;
  if (base.protocol !== 'https:' || status < 300 || status > 399 || to === undefined) return false;
  if (!URL.canParse(to, base.href)) return false;
  const { protocol, hostname, pathname } = new URL(to, base);
  return protocol === 'https:' && hostname === base.hostname && pathname === '/v2/';
}

function lostVersion(): Remark {
  return warning(
    'GET /v2/ answers without the header Docker-Distribution-Api-Version, by which old clients know a registry',
    "let the proxy in front pass it on, or add it (nginx: add_header 'Docker-Distribution-Api-Version' 'registry/2.0' always;)",
  );
}

async function judgeOpen({ credentials }: Visit): Promise<readonly Remark[]> {
  if (!(await credentials().catch(() => undefined)))
    return [ok('GET /v2/ answers 200: nobody has to log in')];
  return [
    warning(
      'GET /v2/ answers 200 to everybody, so clients never send the credentials they have',
      'let it answer 401 to those who have not logged in, also when pulls are free (Dockgate does; nginx: no "auth_basic off" for /v2/)',
    ),
  ];
}

function judgeChallenge({ facts }: Visit, answer: Answer): readonly Remark[] {
  const challenges = readChallenges(answer.headers['www-authenticate']);
  const [first] = challenges;
  if (!first)
    return [
      error(
        'GET /v2/ answers 401 without WWW-Authenticate, so clients do not know how to log in',
        'a proxy in front must pass the header on (nginx: no proxy_hide_header WWW-Authenticate, and no proxy_intercept_errors)',
      ),
    ];
  facts.challenge = first;
  facts.isDockgate = first.parameters.service === 'dockgate';
  if (!['bearer', 'basic'].includes(first.scheme))
    return [
      error(
        `GET /v2/ asks for ${first.scheme}, which no client of registries knows`,
        'ask for Bearer or Basic (nginx: no authentication of its own in front of the registry)',
      ),
    ];
  const several =
    challenges.length > 1
      ? [
          warning(
            `GET /v2/ sends ${challenges.length} challenges, and clients disagree on which counts`,
            'send one; a proxy in front must not add its own (nginx: auth_basic)',
          ),
        ]
      : [];
  const isJson = messageOf(answer) !== undefined;
  const page = isJson
    ? []
    : [
        warning(
          `GET /v2/ answers 401 without the JSON error of a registry (${inWords(answer)})`,
          'let the answer of the registry through unchanged (nginx: proxy_intercept_errors off, no error_page 401)',
        ),
      ];
  const remarks = [...several, ...page];
  return remarks.length > 0 ? remarks : [ok(`GET /v2/ asks for ${first.scheme}`)];
}
