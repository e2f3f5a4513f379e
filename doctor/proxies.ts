import { randomBytes } from 'node:crypto';
import { hostOf } from './address.ts';
import { ask, type Answer } from './ask.ts';
import { basic } from './authorize.ts';
import { error, ok, skipped, warning, type Remark } from './finding.ts';
import { knownImage } from './known-images.ts';
import { pull, type NotPulled } from './pull.ts';
import { inWords, messageOf, type UpstreamFault } from './refusal.ts';
import { upstreamAdvice } from './upstream-advice.ts';
import type { Visit } from './visit.ts';

/** What `GET /api/v1/upstreams` answers of a proxy, as far as it is looked at. */
export interface Proxy {
  readonly repository: string;
  readonly prefix: string;
  readonly offline: boolean;
  readonly cachedImage?: string;
  readonly blocked?: { readonly by: string; readonly reason: string };
  readonly state: {
    readonly urls: readonly { readonly url: string }[];
  };
}

/** What `GET /api/v1/explain` answers of a member, as far as it is looked at. */
interface Member {
  readonly member: string;
  readonly rule: string;
  readonly answer: 'found' | 'not-found' | 'failed' | 'not-asked';
  readonly reason?: string;
  readonly failure?: string;
  readonly retryAfter?: number;
}

/** The proxies of Dockgate, or why they are not known. */
export async function listProxies(visit: Visit): Promise<readonly Proxy[] | Remark> {
  if (!visit.facts.isDockgate)
    return skipped(
      'this is not Dockgate, so which proxies it has is not known',
      'to pull through one, name an image that comes through it with --pull NAME:TAG',
    );
  const credentials = await visit.credentials();
  if (!credentials) return skipped('no user was named');
  const listed = await ask(visit, '/api/v1/upstreams', { headers: { authorization: basic(credentials) } });
  const { upstreams } = readJson(listed) as { upstreams?: readonly Proxy[] };
  if (upstreams) return upstreams;
  return messageOf(listed) === undefined
    ? skipped(
        `the proxy in front does not pass /api/v1/ on (${inWords(listed)}), so the upstreams are not known`,
        'run this on the machine of the gateway, or name an image to pull with --pull NAME:TAG',
      )
    : skipped(
        `${credentials.user} may not see the upstreams: ${inWords(listed)}`,
        'name an administrator with --user, or an image to pull with --pull NAME:TAG',
      );
}

/** Has the upstream of a proxy asked, then pulls a small image through it: one of `named`, else one that is likely there. */
export async function tryProxy(visit: Visit, proxy: Proxy, named: readonly string[]): Promise<Remark> {
  const { repository, prefix, offline, blocked, cachedImage, state } = proxy;
  if (blocked)
    return warning(
      `${blocked.by} has blocked the upstream of ${repository}${blocked.reason === '' ? '' : `: ${blocked.reason}`}`,
      `"dockgate upstream unblock ${repository}" when it is to be asked again`,
    );
  if (offline) return ok(`${repository} is offline, as dockgate.yaml has it`);
  const where = state.urls.map(({ url }) => url).join(' and ');
  const member = await explain(visit, proxy);
  if (member?.answer === 'failed') return failed(visit, repository, where, faultOfMember(member));
  if (!member || member.answer === 'not-asked')
    return skipped(
      `${repository} was not asked: ${member ? member.rule : 'nothing that this host reads from has it'}`,
      member
        ? undefined
        : `add ${repository} to the "members" of the group in dockgate.yaml if this host is to read it`,
    );
  const images = [...named, knownImage(prefix), cachedImage].filter((each) => each !== undefined);
  for (const image of images) {
    const pulled = await pull(visit, image);
    if ('bytes' in pulled) return ok(`${repository} gets answers from ${where}; pulled ${image} through it`);
    if (!('absent' in pulled)) return notPulled(visit, repository, where, pulled);
    if (named.includes(image))
      return error(
        `${repository} has no ${pulled.absent}`,
        pulled.fault ? upstreamAdvice(repository, pulled.fault, visit.now()) : badName,
      );
  }
  const account = `repositories.${repository}.username and repositories.${repository}.password in dockgate.yaml`;
  if (member.failure === 'hidden' && knownImage(prefix) !== undefined)
    return warning(
      `${repository} gets answers from ${where}, which shows nothing to anonymous callers, ${knownImage(prefix) ?? ''} neither`,
      `if it wants an account, name one with ${account}`,
    );
  return skipped(
    `${repository} gets answers from ${where}, and no image is known that could be pulled through it`,
    `name one with --pull ${prefix}/NAME:TAG to see that layers come too${member.failure === 'hidden' ? `; if the upstream wants an account, that is ${account}` : ''}`,
  );
}

/** What to do about a name that was given and is nowhere. */
export const badName =
  'see that the name after --pull is one that "docker pull HOST/NAME:TAG" would take, and whether the account of the proxy may see it';

function notPulled(
  { now }: Visit,
  repository: string,
  where: string,
  { what, advice, fault }: Extract<NotPulled, { what: string }>,
): Remark {
  return error(
    `${repository} gets answers from ${where}, but ${what}`,
    fault ? upstreamAdvice(repository, fault, now()) : advice,
  );
}

function failed({ now }: Visit, repository: string, where: string, fault: UpstreamFault): Remark {
  return error(
    `${repository} gets nothing from ${where}: ${fault.message}`,
    upstreamAdvice(repository, fault, now()),
  );
}

function faultOfMember({ failure = '', reason = 'no answer', retryAfter }: Member): UpstreamFault {
  return { kind: failure, message: reason, retryAfter };
}

/** What a proxy says of a name that nobody has: its upstream has to answer, and no pull is counted. */
async function explain(visit: Visit, { repository, prefix }: Proxy): Promise<Member | undefined> {
  const credentials = await visit.credentials();
  const headers = credentials ? { authorization: basic(credentials) } : {};
  const image = `${prefix}/dockgate-doctor/none:${randomBytes(6).toString('hex')}`;
  const asked = (query: Record<string, string>): Promise<Answer> =>
    ask(visit, `/api/v1/explain?${new URLSearchParams(query).toString()}`, { headers });
  const ofHost = await asked({ image, host: hostOf(visit.base) });
  // A proxy in front may have another name than the gateway behind it.
  const answer = ofHost.status === 400 ? await asked({ image }) : ofHost;
  const { members = [] } = readJson(answer) as { members?: readonly Member[] };
  return members.find((each) => each.member === repository);
}

function readJson({ body }: Answer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    // A page of a proxy in front, in which none of it is.
    return {};
  }
}
