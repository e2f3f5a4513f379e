import type { Proxied } from '../reading/index.ts';
import { operations, type OperationName } from './operations.ts';

/** What the backend's path has in front of that of the client; undefined when it is another path. */
export function prefixOf(name: OperationName, { uri }: Proxied): string | undefined {
  const sent = operations[name].uri;
  return uri.endsWith(sent) ? uri.slice(0, -sent.length) : undefined;
}

/** Two operations go to the same registry when this is equal: addresses, and the path that Nexus has in front. */
export function destinationOf(name: OperationName, outcome: Proxied): string {
  const { pathname } = new URL(outcome.uri.replace(/^\/*/, '/'), 'http://backend');
  const before = pathname.split(/\/v[12](?:\/|$)/)[0] ?? '';
  return `${outcome.addresses.join(' or ')}${prefixOf(name, outcome) ?? before}`;
}
