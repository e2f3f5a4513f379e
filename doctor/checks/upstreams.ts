import { randomBytes } from 'node:crypto';
import { hostOf } from '../address.ts';
import { ask, type Answer } from '../ask.ts';
import { basic } from '../authorize.ts';
import type { Check } from '../check.ts';
import { error, ok, skipped, warning, type Remark } from '../finding.ts';
import { inWords } from '../refusal.ts';

/** What `GET /api/v1/upstreams` answers, as far as it is looked at. */
interface Report {
  readonly repository: string;
  readonly offline: boolean;
  readonly blocked?: { readonly by: string; readonly reason: string };
  readonly state: {
    readonly urls: readonly { readonly url: string; readonly setAside?: { readonly failure: string } }[];
  };
}

/** What `GET /api/v1/explain` answers, as far as it is looked at. */
interface Member {
  readonly member: string;
  readonly answer: string;
  readonly reason?: string;
}

/** Whether each proxy gets an answer from its upstream; only Dockgate can be asked. */
export const upstreamsCheck: Check = {
  name: 'upstreams',
  needs: ['challenge', 'login'],
  limit: 90_000,
  async run(visit) {
    if (!visit.facts.isDockgate) return [skipped('this is not Dockgate')];
    const credentials = await visit.credentials();
    if (!credentials) return [skipped('no user was named')];
    const headers = { authorization: basic(credentials) };
    // A name that nobody has makes each upstream answer, and costs no pull.
    const image = `dockgate-doctor/none:${randomBytes(6).toString('hex')}`;
    const query = new URLSearchParams({ image, host: hostOf(visit.base) }).toString();
    const explained = await ask(visit, `/api/v1/explain?${query}`, { headers });
    const listed = await ask(visit, '/api/v1/upstreams', { headers });
    if (listed.status !== 200)
      return [skipped(`the list of upstreams is not for ${credentials.user}: ${inWords(listed)}`)];
    const { upstreams } = read(listed) as { upstreams: readonly Report[] };
    const members =
      explained.status === 200 ? (read(explained) as { members: readonly Member[] }).members : [];
    const remarks = upstreams.map((each) => judge(each, members));
    return remarks.length > 0 ? remarks : [ok('there are no proxies')];
  },
};

function read({ body }: Answer): unknown {
  return JSON.parse(body.toString());
}

function judge({ repository, offline, blocked, state }: Report, members: readonly Member[]): Remark {
  const where = state.urls.map(({ url }) => url).join(' and ');
  if (blocked) {
    return warning(
      `${blocked.by} has blocked the upstream of ${repository}${blocked.reason === '' ? '' : `: ${blocked.reason}`}`,
      `"dockgate upstream unblock ${repository}" when it is to be asked again`,
    );
  }
  if (offline) return ok(`${repository} is offline, as dockgate.yaml has it`);
  const member = members.find((each) => each.member === repository);
  const failure =
    member?.answer === 'failed'
      ? (member.reason ?? 'no answer')
      : state.urls.find(({ setAside }) => setAside)?.setAside?.failure;
  if (failure === undefined)
    return member && member.answer !== 'not-asked'
      ? ok(`${repository} gets answers from ${where}`)
      : skipped(
          `${repository} was not asked: no host of this address reads through it, or its routes leave the name of the probe out`,
        );
  return error(`${repository} gets nothing from ${where}: ${failure}`, adviceFor(repository, failure));
}

function adviceFor(repository: string, failure: string): string {
  const key = `repositories.${repository}`;
  if (/credential|password|401|403|407|unauthori[sz]ed/i.test(failure))
    return `correct ${key}.username and ${key}.password in dockgate.yaml`;
  if (/certificate|self.signed|verify/i.test(failure))
    return `trust its authority: ${key}.ca in dockgate.yaml, a PEM file`;
  return `see that it runs and that this gateway reaches it (${key}.upstream in dockgate.yaml; a way out through a proxy: outbound), or switch it off with ${key}.offline: true`;
}
