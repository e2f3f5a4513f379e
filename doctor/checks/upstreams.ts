import type { Check } from '../check.ts';
import { error, ok, Trouble, type Remark } from '../finding.ts';
import { badName, listProxies, tryProxy } from '../proxies.ts';
import { pull } from '../pull.ts';
import { Silence } from '../silence.ts';
import type { Visit } from '../visit.ts';

/** Whether each proxy gets an answer from its upstream, and a small image comes through it. */
export const upstreamsCheck: Check = {
  name: 'upstreams',
  needs: ['challenge', 'login'],
  limit: 120_000,
  async run(visit) {
    const listed = await listProxies(visit);
    const proxies = 'level' in listed ? [] : listed;
    const ofProxy = (prefix: string): string[] =>
      visit.images.filter((image) => image.startsWith(`${prefix}/`));
    const others = visit.images.filter(
      (image) => !proxies.some(({ prefix }) => ofProxy(prefix).includes(image)),
    );
    const remarks = await Promise.all([
      ...proxies.map((each) => orTrouble(tryProxy(visit, each, ofProxy(each.prefix)))),
      ...others.map((image) => orTrouble(pullNamed(visit, image))),
    ]);
    if (remarks.length > 0) return remarks;
    return ['level' in listed ? listed : ok('there are no proxies')];
  },
};

/** The trouble with one proxy must not hide what is known of the others. */
async function orTrouble(remark: Promise<Remark>): Promise<Remark> {
  try {
    return await remark;
  } catch (fault) {
    if (fault instanceof Trouble) return error(fault.message, fault.advice);
    if (!(fault instanceof Silence)) throw fault;
    return error(
      `${fault.message} in the time that all upstreams together have`,
      'see the log of the gateway for what it waits for',
    );
  }
}

async function pullNamed(visit: Visit, image: string): Promise<Remark> {
  const pulled = await pull(visit, image);
  if ('bytes' in pulled) return ok(`pulled ${image}`);
  return 'absent' in pulled
    ? error(`there is no ${pulled.absent}`, badName)
    : error(pulled.what, pulled.advice);
}
