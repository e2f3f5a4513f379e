import type { Position } from '../parse.ts';
import { isOn, nearest, type Proxied, type Server } from '../reading/index.ts';
import { cacheOf, type Cache } from './caches.ts';
import type { Decisions } from './decisions.ts';
import type { Routed } from './fates.ts';
import { loginOf } from './login.ts';
import type { BackendKeys, PlannedHost, PlannedRepository, Traced } from './plan.ts';
import type { Side } from './route.ts';

/** The lines that decide who answers pulls, pushes or browsers, besides `proxy_pass`. */
export type Deciders = (server: Server, side: 'read' | 'write' | 'page') => readonly Position[];

/** A host as far as its own server block says, with what it came from. */
export interface HostPlan {
  readonly host: PlannedHost;
  readonly routed: Routed;
  /** What answers its pulls instead of the address, where nginx had a cache. */
  readonly repository?: PlannedRepository;
}

interface HostContext {
  readonly decisions: Decisions;
  readonly deciders: Deciders;
  readonly absolute: (path: string) => string;
}

/** Plans one host of a site that is passed on. */
export function planHost(name: string, routed: Routed, context: HostContext): HostPlan {
  const { route, site } = routed;
  const named: Traced<string> = { value: name, from: [site.name?.at ?? site.server.at] };
  const lines = (side: Side, what: 'read' | 'write' | 'page'): readonly Position[] => [
    ...context.deciders(site.server, what),
    side.outcome.by,
    ...serverLines(side).slice(0, what === 'read' ? undefined : 1),
  ];
  if (route.kind === 'forward') {
    const [url = ''] = route.to.urls;
    noteOthers(route.to, 'Dockgate passes everything on to the first server', context.decisions);
    const forward = { value: url, from: lines(route.to, 'page') };
    const keys = backendKeys(route.to.outcome, context.absolute);
    return { host: { name: named, destination: { forward }, ...keys }, routed };
  }
  if (route.kind !== 'split') throw new Error('only what is passed on becomes a host');
  const { read, write } = route;
  const cache = cacheOf(read.outcome);
  if (cache && (write === undefined || write.urls.join() === read.urls.join())) {
    const repository = planCache(cache, { value: read.urls, from: lines(read, 'read') }, read, context);
    const destination = { read: { value: [repository.name.value], from: repository.name.from } };
    return { host: { name: named, destination }, routed, repository };
  }
  const [url = ''] = write?.urls ?? [];
  if (write && write.urls.join() !== read.urls.join())
    noteOthers(write, 'Dockgate sends writes to the first server alone', context.decisions);
  const destination = {
    read: { value: read.urls, from: lines(read, 'read') },
    ...(write && { write: { value: url, from: lines(write, 'write') } }),
  };
  return { host: { name: named, destination, ...backendKeys(read.outcome, context.absolute) }, routed };
}

function serverLines({ outcome }: Side): readonly Position[] {
  return outcome.upstream?.servers.filter(({ down }) => !down).map(({ at }) => at) ?? [];
}

/** Where there is room for one address only. */
function noteOthers({ outcome, urls }: Side, why: string, decisions: Decisions): void {
  if (urls.length < 2) return;
  const [, ...others] = outcome.upstream?.servers.filter(({ down }) => !down) ?? [];
  for (const { at } of others)
    decisions.note(at, 'unsupported', `${why}; to have this one too, keep a balancer in front of them`);
}

function planCache(
  { name, maxSize, maxUnused, path }: Cache,
  upstream: Traced<readonly string[]>,
  { outcome }: Side,
  { decisions, absolute }: HostContext,
): PlannedRepository {
  const zone = nearest(outcome.scope, 'proxy_cache');
  const from = zone ? [zone.at] : [];
  const said = path ? [path.at] : [];
  for (const at of [...from, ...said])
    decisions.note(at, 'mapped', `a proxy repository takes its place: repositories.${name}`);
  return {
    name: { value: name, from },
    upstream,
    ...(maxSize !== undefined && { maxSize: { value: maxSize, from: said } }),
    ...(maxUnused !== undefined && { maxUnused: { value: maxUnused, from: said } }),
    ...backendKeys(outcome, absolute),
  };
}

/** What nginx says to the backend about itself, and which authority it trusts. */
function backendKeys(outcome: Proxied, absolute: (path: string) => string): BackendKeys {
  const { scope, scheme } = outcome;
  const file = (name: string): Traced<string> | undefined => {
    const directive = nearest(scope, name);
    const text = directive?.args[0]?.text;
    return directive === undefined || text === undefined
      ? undefined
      : { value: absolute(text), from: [directive.at] };
  };
  if (scheme !== 'https') return {};
  const ca = isOn(scope, 'proxy_ssl_verify', false) ? file('proxy_ssl_trusted_certificate') : undefined;
  const [clientCert, clientKey] = [file('proxy_ssl_certificate'), file('proxy_ssl_certificate_key')];
  return { ...(ca && { ca }), ...(clientCert && clientKey && { clientCert, clientKey }) };
}

/** Whether nginx asks for a login before pulls, and before pushes. */
export function loginsOf({ route }: Routed): Record<'read' | 'write', ReturnType<typeof loginOf>> {
  if (route.kind === 'forward') return { read: loginOf(route.to.outcome), write: loginOf(route.to.outcome) };
  if (route.kind !== 'split') return { read: undefined, write: undefined };
  return { read: loginOf(route.read.outcome), write: route.write && loginOf(route.write.outcome) };
}
