import type { Listen, Server } from '../reading/index.ts';
import { nearestAll } from '../reading/index.ts';
import type { Decisions } from './decisions.ts';
import { serversOf, type Fate, type Ports, type Routed } from './fates.ts';
import type { Plan } from './plan.ts';

type ListenPlan = Pick<Plan, 'https' | 'http' | 'proxyProtocol'>;

/** The ports, and what becomes of every `listen`. */
export function planListen(
  all: readonly Routed[],
  ports: Ports,
  fates: ReadonlyMap<Server, Fate>,
  decisions: Decisions,
): ListenPlan {
  const at = { https: [] as Listen['at'][], http: [] as Listen['at'][], proxyProtocol: [] as Listen['at'][] };
  for (const server of serversOf(all))
    for (const listen of server.listens) {
      const used = judge(listen, server, ports, fates.get(server), decisions);
      if (used === undefined) continue;
      at[used].push(listen.at);
      if (!listen.proxyProtocol) continue;
      if (nearestAll(server.scope, 'set_real_ip_from').length > 0) at.proxyProtocol.push(listen.at);
      else
        decisions.note(
          listen.at,
          'unsupported',
          'name those who send PROXY headers as trustedProxies, and set listen.proxyProtocol: true',
        );
    }
  const { https, http } = ports;
  return {
    ...(https !== undefined && at.https.length > 0 && { https: { value: https, from: at.https } }),
    ...(http !== undefined && at.http.length > 0 && { http: { value: http, from: at.http } }),
    ...(at.proxyProtocol.length > 0 && { proxyProtocol: { value: true as const, from: at.proxyProtocol } }),
  };
}

/** Which port of ours a `listen` became; undefined: none. */
function judge(
  { address, ports: own, ssl, at }: Listen,
  server: Server,
  ports: Ports,
  fate: Fate | undefined,
  decisions: Decisions,
): 'https' | 'http' | undefined {
  const isIgnored = fate === undefined || fate.route.kind === 'nothing' || fate.failure !== undefined;
  if (isIgnored) return undefined;
  if (address.startsWith('unix:')) {
    decisions.note(
      at,
      'unsupported',
      'Dockgate does not listen on socket files: let who uses it go to the port',
    );
    return undefined;
  }
  const wanted = ssl ? ports.https : ports.http;
  const key = ssl ? 'https' : 'http';
  if (wanted === undefined || !own.includes(wanted) || own.length > 1) {
    const hosts = fate.hosts.length === 0 ? 'its host' : fate.hosts.join(' and ');
    const instead = ssl ? `${hosts} on port ${ports.https ?? 443}` : `${hosts} by HTTPS`;
    decisions.note(at, 'unsupported', `Dockgate has one port for all hosts; let clients use ${instead}`);
    return undefined;
  }
  if (isBound(address))
    decisions.note(
      at,
      'unsupported',
      `Dockgate listens on all addresses, not on ${address} alone: shut the others with a firewall`,
    );
  // Without a line that says so the port is nginx's own choice, and there may be no server block to say it of.
  else if (at !== server.at || decisions.isServer(at))
    decisions.note(at, ...plainOrNot(key, wanted, server, fate));
  return key;
}

function plainOrNot(
  key: 'https' | 'http',
  port: number,
  { listens }: Server,
  { route, hosts }: Fate,
): readonly ['mapped' | 'unsupported', string] {
  if (key === 'https') return ['mapped', `listen.https: ${port}`];
  const redirects = `listen.http: ${port}, which redirects to HTTPS`;
  const isPassedOn = route.kind === 'split' || route.kind === 'forward';
  if (!isPassedOn || listens.some(({ ssl }) => ssl)) return ['mapped', redirects];
  return [
    'unsupported',
    `${redirects}: ${hosts.join(' and ')} is served by HTTPS alone, with a certificate of Dockgate's own authority unless tls says otherwise; clients trust it with dockgate trust, and a proxy in front that ends TLS is named in trustedProxies`,
  ];
}

function isBound(address: string): boolean {
  return address !== '*' && address !== '0.0.0.0' && address !== '::';
}
