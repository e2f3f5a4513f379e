import { prefixOf } from '../destination.ts';
import type { Remark } from '../finding.ts';
import { operations, type OperationName } from '../operations.ts';
import type { Proxied } from '../../reading/index.ts';
import type { Rule } from '../rule.ts';

const asked: readonly OperationName[] = [
  'read manifest',
  'ping',
  'token',
  'read blob',
  'begin upload',
  'mount blob',
  'continue upload',
  'finish upload',
  'list tags',
];

/** Paths that reach the registry changed: eaten, doubled, or without their query. */
export const proxiedPath: Rule = {
  id: 'proxied-path',
  check(front) {
    const remarks = front.passed(asked).flatMap(([name, outcome]) => changed(name, outcome));
    // One proxy_pass changes all of them in the same way.
    return [...new Map(remarks.toReversed().map((each) => [each.at, each])).values()];
  },
};

function changed(name: OperationName, outcome: Proxied): readonly Remark[] {
  const prefix = prefixOf(name, outcome);
  const isDoubled = prefix !== undefined && /\/v2$|\/$|\/v2\//.test(prefix);
  if (prefix !== undefined && !isDoubled) return [];
  const { uri, method } = operations[name];
  const remark = (what: string, advice: string): readonly Remark[] => [
    {
      severity: 'error',
      at: outcome.by,
      what: `${method} ${shown(uri)} reaches the registry as ${shown(outcome.uri)}: ${what}`,
      advice,
    },
  ];
  const bare =
    'write proxy_pass without a path behind the address ("proxy_pass http://registry;"): the path then goes on as it was sent';
  if (isDoubled) return remark('a part of the path is doubled', bare);
  if (isTokenAside(name, outcome)) return [];
  const [path = '', query] = uri.split('?');
  if (query !== undefined && outcome.uri.endsWith(path))
    return remark(
      'the query is lost, and with it digest, mount or scope',
      'add $is_args$args, or use $request_uri, or no path at all behind the address',
    );
  if (!/\/v[12]\//.test(outcome.uri) && uri.startsWith('/v2/')) return remark('"/v2/" is eaten', bare);
  return remark('it is another path than the client asked for', bare);
}

/** A token service may well have its own path. */
function isTokenAside(name: OperationName, { uri }: Proxied): boolean {
  return name === 'token' && uri.includes('?');
}

function shown(uri: string): string {
  return uri.length > 60 ? `${uri.slice(0, 57)}…` : uri;
}
