import type { Finding, Path } from '../errors.ts';
import type { Outline } from '../outline.ts';
import { checkReference, entriesOf } from './references.ts';

/** A port serves one thing, a connector names a repository, and hosts need HTTPS. */
export function* checkPorts(outline: Outline): Iterable<Finding> {
  const { listen, connectors, hosts, repositories } = outline;
  const paths: Path[] = Object.keys(connectors ?? {}).map((port) => ['connectors', port]);
  yield* checkShared([
    { port: listen.https, path: ['listen', 'https'], name: 'listen.https' },
    { port: listen.http, path: ['listen', 'http'], name: 'listen.http' },
    ...paths.map((path) => ({ port: Number(path[1]), path, name: 'a connector' })),
  ]);
  for (const [port, { repository }] of entriesOf(connectors)) {
    yield* checkReference(['connectors', port, 'repository'], repository, 'repository', repositories);
  }
  if (listen.https === false && Object.keys(hosts ?? {}).length > 0 && !isBehindProxy(outline)) {
    yield {
      path: ['listen', 'https'],
      message:
        'is off, but hosts are served there; give it a port, leave only connectors with hosts: {}, or name in trustedProxies what speaks HTTPS in front of listen.http',
    };
  }
}

/** What a trusted proxy received by HTTPS is served on the plain port. */
function isBehindProxy({ listen, trustedProxies }: Outline): boolean {
  return listen.http !== false && Array.isArray(trustedProxies) && trustedProxies.length > 0;
}

interface PortUse {
  readonly port: number | false;
  readonly path: Path;
  readonly name: string;
}

/** Port 0 is a different one each time. */
function* checkShared(uses: readonly PortUse[]): Iterable<Finding> {
  const first = new Map<number, string>();
  for (const { port, path, name } of uses) {
    if (port === false || port === 0 || Number.isNaN(port)) continue;
    const other = first.get(port);
    if (other === undefined) first.set(port, name);
    else yield { path, message: `port ${port} is also used by ${other}; choose another` };
  }
}
