import type { Finding, Path } from '../errors.ts';
import type { Outline } from '../outline.ts';
import { entriesOf } from './references.ts';

/** Only trusted proxies may send a PROXY header, so there must be some. */
export function* checkProxyProtocol({ listen, connectors, trustedProxies }: Outline): Iterable<Finding> {
  if (!isNobody(trustedProxies)) return;
  const uses: [Path, unknown][] = entriesOf(connectors).map(([port, connector]) => [
    ['connectors', port, 'proxyProtocol'],
    connector.proxyProtocol,
  ]);
  uses.unshift([['listen', 'proxyProtocol'], listen.proxyProtocol]);
  for (const [path, value] of uses) {
    if (value !== true && value !== 'true') continue;
    const message = 'is on, but nobody may send a PROXY header; name the proxies in trustedProxies';
    yield { path, message };
  }
}

/** True for what is surely empty. */
function isNobody(trustedProxies: unknown): boolean {
  return trustedProxies === undefined || (Array.isArray(trustedProxies) && trustedProxies.length === 0);
}
