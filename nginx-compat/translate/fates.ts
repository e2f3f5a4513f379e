import type { Server } from '../reading/index.ts';
import type { Route } from './route.ts';
import { routeOf } from './route.ts';
import type { Site } from './sites.ts';

/** A site and what it is. */
export interface Routed {
  readonly site: Site;
  readonly route: Route;
}

/** What became of a server block. */
export interface Fate {
  /** The hosts of dockgate.yaml that it became. */
  readonly hosts: readonly string[];
  readonly route: Route;
  /** Why it is not in the result, though it should be. */
  readonly failure?: string;
}

/** Whether something answers there that a host can stand for. */
export function isReachable({ route }: Routed): boolean {
  return route.kind === 'split' || route.kind === 'forward';
}

/** Sites with what they are. */
export function routed(sites: readonly Site[]): readonly Routed[] {
  return sites.map((site) => ({ site, route: routeOf(site) }));
}

/** The ports that Dockgate takes over. */
export interface Ports {
  /** That of all hosts; undefined when nothing speaks TLS. */
  readonly https: number | undefined;
  /** That which redirects; undefined when no port is plain. */
  readonly http: number | undefined;
}

/** The port of all hosts is 443, or the first with TLS; the plain one is 80, or the first. */
export function portsOf(all: readonly Routed[]): Ports {
  const ports = (wanted: (each: Routed) => boolean): number[] =>
    all.filter(wanted).map(({ site }) => site.port);
  const https = prefer(
    443,
    ports((each) => each.site.listen.ssl && isReachable(each)),
  );
  const plain = ports(({ site }) => !site.listen.ssl).filter((port) => port !== (https ?? 443));
  return { https, http: prefer(80, plain) };
}

function prefer(standard: number, ports: readonly number[]): number | undefined {
  return ports.includes(standard) ? standard : ports[0];
}

/** The servers among the sites, in order. */
export function serversOf(all: readonly Routed[]): readonly Server[] {
  return [...new Set(all.map(({ site }) => site.server))];
}
