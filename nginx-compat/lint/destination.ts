import type { Proxied } from '../reading/index.ts';
import { operations, type OperationName } from './operations.ts';

/** What the backend's path has in front of that of the client; undefined when it is another path. */
export function prefixOf(name: OperationName, { uri }: Proxied): string | undefined {
  const sent = operations[name].uri;
  return uri.endsWith(sent) ? uri.slice(0, -sent.length) : undefined;
}

/** Two operations go to the same registry when this is equal: addresses, and the path that Nexus has in front. */
export function destinationOf(name: OperationName, outcome: Proxied): string {
  const [sent, arrived] = [operations[name].uri, outcome.uri].map((uri) => uri.split('?')[0] ?? '');
  return `${outcome.addresses.join(' or ')}${beforeCommonEnd(arrived ?? '', sent ?? '')}`;
}

function beforeCommonEnd(arrived: string, sent: string): string {
  let length = 0;
  while (length < Math.min(arrived.length, sent.length) && arrived.at(-length - 1) === sent.at(-length - 1))
    length += 1;
  return arrived.slice(0, arrived.length - length);
}
