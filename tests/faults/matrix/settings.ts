import { join } from 'node:path';
import type { FaultyUpstream } from '../../support/faulty-upstream.ts';
import type { Place } from '../../support/place.ts';
import { hostOf, proxyOf, type Cell } from './cell.ts';
import { states, type Fault } from './rules.ts';

/** A proxy that is to fail, with what is asked of it in each state. */
export interface Row {
  readonly fault: Fault;
  readonly cells: readonly Cell[];
  readonly upstream: FaultyUpstream;
  /** The host that it redirects to. */
  readonly elsewhere: FaultyUpstream;
}

/** For an upstream that never ends: well below a second, which undici counts in steps of half a second. */
const SHORT = { connectTimeout: '800ms', headersTimeout: '800ms', bodyTimeout: '800ms' };
/** For one that fails in another way, which a busy machine must not turn into silence. */
const LONG = { connectTimeout: '8s', headersTimeout: '8s', bodyTimeout: '8s' };
const silent: readonly Fault[] = [
  'hangs before headers',
  'stalls in the middle',
  'endless body',
  'slow drip',
];

/** A group, and a host that reads from it, for each fault in each state; `localhost` takes pushes. */
export function settingsOf(
  place: Place,
  rows: readonly Row[],
  isFailing: boolean,
): Readonly<Record<string, unknown>> {
  const hosts: Record<string, object> = { localhost: { read: 'mine', write: 'mine' } };
  const repositories: Record<string, object> = { mine: { type: 'hosted' } };
  for (const { fault, upstream } of rows) {
    const isNameless = fault === 'DNS fails' && isFailing;
    const url = isNameless ? 'http://registry.invalid' : upstream.url;
    for (const state of states) {
      const proxy = proxyOf(fault, state);
      hosts[hostOf(proxy)] = { read: `${proxy}-group` };
      repositories[`${proxy}-group`] = { type: 'group', members: ['mine', proxy] };
      repositories[proxy] = {
        type: 'proxy',
        upstream: url,
        index: url,
        prefix: proxy,
        library: false,
        tags: 'upstream',
        autoBlock: false,
        tagMaxAge: state === 'cached fresh' ? '1h' : '0s',
        notFoundMaxAge: '0s',
        ...(silent.includes(fault) ? SHORT : LONG),
        ...(fault === 'TLS wrong' && { ca: join(place.folder, 'test-root', 'ca.crt') }),
      };
    }
  }
  return { hosts, repositories };
}
