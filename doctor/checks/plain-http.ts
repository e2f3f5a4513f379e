import { ask, type Answer } from '../ask.ts';
import type { Check } from '../check.ts';
import { error, ok, warning, type Remark } from '../finding.ts';
import { readCertificates } from '../pem.ts';
import type { Visit } from '../visit.ts';

/** In ms: a firewall may drop what comes to this port. */
const patience = 5000;

/** What plain HTTP does at the same host: send people to HTTPS, hand out ca.crt, and nothing else. */
export const plainHttpCheck: Check = {
  name: 'plain-http',
  needs: ['port'],
  async run(whole) {
    if (whole.base.protocol !== 'https:') return [ok('the address is plain HTTP itself')];
    const visit = { ...whole, signal: AbortSignal.any([whole.signal, AbortSignal.timeout(patience)]) };
    const plain = new URL(`http://${visit.base.hostname}:${visit.plainPort}`);
    const answer = await ask(visit, new URL('/v2/', plain)).catch(() => undefined);
    if (!answer) return [ok(`port ${visit.plainPort} serves no plain HTTP`)];
    const remarks = [...judgeRedirect(visit, answer), ...(await judgeAuthority(visit, plain))];
    return remarks.length > 0 ? remarks : [ok(`plain HTTP sends clients to ${visit.base.origin}`)];
  },
};

function judgeRedirect({ base, plainPort }: Visit, { status, headers }: Answer): readonly Remark[] {
  if ([200, 401].includes(status) && headers['docker-distribution-api-version'] !== undefined)
    return [
      warning(
        `the registry also answers on port ${plainPort} without encryption, where passwords can be read`,
        'redirect plain HTTP (nginx: "return 308 https://$host$request_uri;"; Dockgate does so on listen.http)',
      ),
    ];
  const target = headers.location;
  if (status < 300 || status > 399 || target === undefined || !URL.canParse(target, base.href)) return [];
  const { origin } = new URL(target, `http://${base.hostname}:${plainPort}`);
  if (origin === base.origin) return [];
  return [
    warning(
      `plain HTTP sends clients to ${origin} instead of ${base.origin}`,
      'redirect to the name that the client used (nginx: "return 308 https://$host$request_uri;"; Dockgate: listen.https must be the port that clients use)',
    ),
  ];
}

/** Clients who install ca.crt must be able to verify the server with it. */
async function judgeAuthority(visit: Visit, plain: URL): Promise<readonly Remark[]> {
  const [leaf, ...issuers] = visit.facts.handshake?.chain ?? [];
  const answer = await ask(visit, new URL('/ca.crt', plain)).catch(() => undefined);
  const pem = answer?.status === 200 ? answer.body.toString() : '';
  const handed = readCertificates(pem);
  const [first] = handed;
  if (!leaf || !first) return [];
  const signs = handed.some(
    (root) =>
      [leaf, ...issuers].some((each) => each.checkIssued(root) && each.verify(root.publicKey)) ||
      root.fingerprint256 === leaf.fingerprint256,
  );
  if (signs) return [];
  return [
    error(
      `ca.crt from plain HTTP (SHA256:${first.fingerprint256}) did not sign the certificate of the server`,
      'another machine answers plain HTTP, or somebody is in between: compare the fingerprint with "dockgate certs show" on the server before you install it',
    ),
  ];
}
