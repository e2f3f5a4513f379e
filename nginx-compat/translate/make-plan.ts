import type { Position } from '../parse.ts';
import type { Server } from '../reading/index.ts';
import type { Decisions } from './decisions.ts';
import { isReachable, portsOf, serversOf, type Fate, type Routed } from './fates.ts';
import { planHost, type Deciders, type HostPlan } from './plan-host.ts';
import { hostNames } from './names.ts';
import { planListen } from './plan-listen.ts';
import { planLogin } from './plan-login.ts';
import { planTls } from './plan-tls.ts';
import { planTrust } from './plan-trust.ts';
import type { Plan } from './plan.ts';

/** The result on paper, and what became of each server block. */
export interface Planned {
  readonly plan: Plan;
  readonly fates: ReadonlyMap<Server, Fate>;
}

/** What is needed to make a plan. */
export interface PlanContext {
  readonly decisions: Decisions;
  readonly deciders: Deciders;
  /** Makes a path of the configuration absolute. */
  readonly absolute: (path: string) => string;
  /** Names a line, `nginx.conf:12`. */
  readonly nameLine: (at: Position) => string;
}

/** Makes the plan out of all sites; what it decides about directives goes to `decisions`. */
export function makePlan(all: readonly Routed[], context: PlanContext): Planned {
  const { decisions, absolute } = context;
  const ports = portsOf(all);
  const { hosts, fates } = nameHosts(all, ports.https, context);
  const { login, anonymous, htpasswd } = planLogin(hosts, decisions, absolute);
  const { shared, own } = planTls(hosts, decisions, absolute);
  const plan: Plan = {
    ...planListen(all, ports, fates, decisions),
    ...(shared && { tls: shared }),
    hosts: hosts.map((each) => ({ ...each.host, ...login.get(each), ...own.get(each) })),
    repositories: hosts.flatMap(({ repository }) => (repository ? [repository] : [])),
    ...(anonymous && { anonymous }),
    ...(htpasswd && { htpasswd }),
    trustedProxies: planTrust(serversOf(all), decisions),
  };
  return { plan, fates };
}

interface Named {
  readonly hosts: readonly HostPlan[];
  readonly fates: ReadonlyMap<Server, Fate>;
}

/** Gives each name to the first server that has it, those on the port of all hosts before others. */
function nameHosts(all: readonly Routed[], https: number | undefined, context: PlanContext): Named {
  const hosts = new Map<string, HostPlan>();
  const fates = new Map<Server, Fate>(
    all.map(({ site, route }) => [site.server, { route, hosts: [] }] as const),
  );
  for (const chosen of inOrder(all, https)) {
    const { route, site } = chosen;
    const before = fates.get(site.server)?.hosts ?? [];
    const isWanted = isReachable(chosen) || route.kind === 'unclear';
    const names = isWanted ? hostNames(site.name?.text) : { hosts: [] };
    const fresh =
      isReachable(chosen) && 'hosts' in names ? names.hosts.filter((host) => !hosts.has(host)) : [];
    for (const host of fresh) hosts.set(host, planHost(host, chosen, context));
    const failure = failureOf(chosen, names, fresh, hosts, context);
    if (failure !== undefined)
      context.decisions.note(site.name?.at ?? site.server.at, 'unsupported', failure);
    const isLost = failure !== undefined && before.length + fresh.length === 0;
    fates.set(site.server, { route, hosts: [...before, ...fresh], ...(isLost && { failure }) });
  }
  return { hosts: [...hosts.values()], fates };
}

function failureOf(
  { route }: Routed,
  names: ReturnType<typeof hostNames>,
  fresh: readonly string[],
  hosts: ReadonlyMap<string, HostPlan>,
  { nameLine }: PlanContext,
): string | undefined {
  if ('why' in names) return names.why;
  if (route.kind === 'unclear') return route.why;
  const [taken] = names.hosts;
  if (taken === undefined || fresh.length > 0) return undefined;
  const other = hosts.get(taken)?.routed.site.server.at;
  const urls = route.kind === 'split' ? route.read.urls : route.kind === 'forward' ? route.to.urls : [];
  return `${taken} is that of ${other ? nameLine(other) : 'another server'} already, and Dockgate has one port for all hosts: make ${urls[0] ?? 'this one'} the read or the write of it if that is what it is for, or give it a host of its own`;
}

/** One site for each name of each server: that on the port of all hosts, or else a plain one, or else the first. */
function inOrder(all: readonly Routed[], https: number | undefined): readonly Routed[] {
  const isMain = ({ site }: Routed): boolean => site.listen.ssl && site.port === https;
  const chosen = byName(all).flatMap((group) => {
    const best = group.find(isMain) ?? group.find(({ site }) => !site.listen.ssl) ?? group[0];
    return best ? [best] : [];
  });
  const rank = (each: Routed): number => (isMain(each) ? (each.site.listen.defaultServer ? 0 : 1) : 2);
  return chosen.toSorted((one, other) => rank(one) - rank(other));
}

function byName(all: readonly Routed[]): readonly (readonly Routed[])[] {
  const groups = new Map<Position, Routed[]>();
  for (const each of all) {
    const key = each.site.name?.at ?? each.site.server.at;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  return [...groups.values()];
}
