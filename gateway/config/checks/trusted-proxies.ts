import type { Finding, Path } from '../errors.ts';
import type { Outline } from '../outline.ts';
import { entriesOf } from './references.ts';

/** What only trusted proxies may do needs some. */
export function* checkTrustedProxies(outline: Outline): Iterable<Finding> {
  if (!isNobody(outline.trustedProxies)) return;
  for (const path of introductions(outline)) {
    const message = 'is on, but nobody may send a PROXY header; name the proxies in trustedProxies';
    yield { path, message };
  }
  if (outline.accelRedirect !== undefined) {
    const message =
      'is for proxies that send blobs themselves, and none is trusted; name it in trustedProxies';
    yield { path: ['accelRedirect'], message };
  }
}

/** Where PROXY headers are switched on. */
function introductions({ listen, connectors }: Outline): Path[] {
  const isOn = (value: unknown): boolean => value === true || value === 'true';
  const ports = entriesOf(connectors).filter(([, { proxyProtocol }]) => isOn(proxyProtocol));
  return [
    ...(isOn(listen.proxyProtocol) ? [['listen', 'proxyProtocol']] : []),
    ...ports.map(([port]) => ['connectors', port, 'proxyProtocol']),
  ];
}

/** True for what is surely empty. */
function isNobody(trustedProxies: unknown): boolean {
  return trustedProxies === undefined || (Array.isArray(trustedProxies) && trustedProxies.length === 0);
}
