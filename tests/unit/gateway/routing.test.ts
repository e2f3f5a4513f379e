import { describe, expect, test } from 'vitest';
import { route, type RoutedCaller, type Split } from '../../../gateway/routing.ts';
import { basicCaller, bearerCaller, nobody } from '../../../registry/access/callers.ts';
import { createGrants } from '../../../registry/access/grants.ts';
import { parseOperation, type RegistryError } from '../../../registry/index.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const session = '7a1c4d9e-0000-4000-8000-000000000000';
const read = { addresses: [new URL('http://reads.test')] };
const write = { addresses: [new URL('http://writes.test')] };
const hosted = { repository: 'hosted' };
const group = { repository: 'group' };

/** Hosts and connectors, by what is behind them. */
const splits = {
  'the usual host': { read: group, write: hosted, advice: '' },
  'a host on hosted': { read: hosted, write: hosted, advice: '' },
  'a connector on hosted': { read: hosted, write: hosted, advice: '' },
  'a connector on proxy': { read: { repository: 'proxy' }, write: undefined, advice: 'push to 1' },
  'a connector on group': { read: group, write: hosted, advice: '' },
  'a group without writable': { read: group, write: undefined, advice: 'push to 2' },
  'a read-only host': { read: hosted, write: undefined, advice: 'push to 3' },
  'an external pair': { read, write, advice: '' },
  'external reads': { read, write: hosted, advice: '' },
  'external writes': { read: group, write, advice: '' },
} satisfies Record<string, Split>;

const roles = { pushers: [{ names: ['x', 'team/**'], actions: ['pull', 'push'] as const }] };
const grants = createGrants({ anonymous: 'pull', roles, assign: {} });
const token = (name: string, ...actions: string[]): RoutedCaller =>
  bearerCaller(
    { user: 'u', access: [{ type: 'repository', name, actions }] },
    { sees: () => false, isAdmin: false },
  );

/** Who asks. */
const callers = {
  nobody,
  'token to pull x': token('x', 'pull'),
  'token to push x': token('x', 'pull', 'push'),
  'token to push y': token('y', 'pull', 'push'),
  'token to delete x': token('x', 'delete'),
  'Basic, may push x': basicCaller({ user: 'p', roles: ['pushers'] }, grants),
  unclear: { may: () => false, isUnclear: true },
  'Basic, may only pull': basicCaller({ user: 'r', roles: ['readers'] }, grants),
} satisfies Record<string, RoutedCaller>;

type Row = readonly [
  trap: string,
  request: string,
  door: keyof typeof splits,
  caller: keyof typeof callers,
  expected: string,
];

const headBlob = `HEAD /v2/x/blobs/${digest}`;
const getBlob = `GET /v2/x/blobs/${digest}`;
const uploads = '/v2/x/blobs/uploads/';
const anySession = `${uploads}${session}`;

// `hosted through group, local`: the repository that answers, the one that the client sees, and how far to go.
const rows: readonly Row[] = [
  // Who is about to push learns what the push can use, at the repository that takes it; all others ask the readers.
  ['T1', headBlob, 'the usual host', 'token to push x', 'hosted through group, local'],
  ['T1', headBlob, 'the usual host', 'Basic, may push x', 'hosted through group, local'],
  ['T1', headBlob, 'the usual host', 'token to pull x', 'group through group, anywhere'],
  ['T1', headBlob, 'the usual host', 'token to push y', 'group through group, anywhere'],
  ['T1', headBlob, 'the usual host', 'Basic, may only pull', 'group through group, anywhere'],
  ['T1', headBlob, 'the usual host', 'nobody', 'group through group, anywhere'],
  ['T1', getBlob, 'the usual host', 'token to push x', 'group through group, anywhere'],
  ['T1', headBlob, 'a host on hosted', 'token to push x', 'hosted through hosted, local'],
  ['T1', headBlob, 'a connector on hosted', 'token to push x', 'hosted through hosted, local'],
  ['T1', headBlob, 'a connector on group', 'token to push x', 'hosted through group, local'],
  ['T1', headBlob, 'an external pair', 'token to push x', 'either'],
  ['T1', headBlob, 'an external pair', 'Basic, may push x', 'either'],
  ['T1', headBlob, 'an external pair', 'unclear', 'either'],
  ['T1', headBlob, 'an external pair', 'token to pull x', 'http://reads.test/'],
  ['T1', getBlob, 'an external pair', 'token to push x', 'http://reads.test/'],
  ['T1', headBlob, 'external reads', 'token to push x', 'either'],
  ['T1', headBlob, 'external writes', 'token to push x', 'either'],
  // Nothing can be pushed there, so nobody is about to push.
  ['T1', headBlob, 'a connector on proxy', 'token to push x', 'proxy through proxy, anywhere'],
  ['T1', headBlob, 'a group without writable', 'token to push x', 'group through group, anywhere'],
  ['T1', headBlob, 'a read-only host', 'token to push x', 'hosted through hosted, anywhere'],

  // A pusher who is shown another member's manifest skips the push: hosted answers alone, and sees only itself.
  ['T2', 'HEAD /v2/x/manifests/1', 'the usual host', 'token to push x', 'hosted through hosted, local'],
  [
    'T2',
    `HEAD /v2/x/manifests/${digest}`,
    'the usual host',
    'token to push x',
    'hosted through hosted, local',
  ],
  ['T2', 'HEAD /v2/x/manifests/1', 'the usual host', 'Basic, may push x', 'hosted through hosted, local'],
  ['T2', 'HEAD /v2/x/manifests/1', 'a connector on group', 'token to push x', 'hosted through hosted, local'],
  ['T2', 'HEAD /v2/x/manifests/1', 'the usual host', 'token to pull x', 'group through group, anywhere'],
  ['T2', 'HEAD /v2/x/manifests/1', 'the usual host', 'token to push y', 'group through group, anywhere'],
  ['T2', 'HEAD /v2/x/manifests/1', 'the usual host', 'Basic, may only pull', 'group through group, anywhere'],
  ['T2', 'HEAD /v2/x/manifests/1', 'the usual host', 'nobody', 'group through group, anywhere'],
  ['T2', 'GET /v2/x/manifests/1', 'the usual host', 'token to push x', 'group through group, anywhere'],
  ['T2', 'HEAD /v2/x/manifests/1', 'an external pair', 'token to push x', 'http://writes.test/'],
  ['T2', 'HEAD /v2/x/manifests/1', 'an external pair', 'token to pull x', 'http://reads.test/'],
  ['T2', 'HEAD /v2/x/manifests/1', 'external writes', 'token to push x', 'http://writes.test/'],
  [
    'T2',
    'HEAD /v2/x/manifests/1',
    'a connector on proxy',
    'token to push x',
    'proxy through proxy, anywhere',
  ],
  ['T2', 'HEAD /v2/x/manifests/1', 'a read-only host', 'token to push x', 'hosted through hosted, anywhere'],

  // Whatever a pusher probes or sends is `local`: no upstream can fail it.
  ['T3', headBlob, 'a connector on group', 'Basic, may push x', 'hosted through group, local'],
  [
    'T3',
    'HEAD /v2/x/manifests/1',
    'a connector on hosted',
    'token to push x',
    'hosted through hosted, local',
  ],
  ['T3', `POST ${uploads}`, 'the usual host', 'token to push x', 'hosted through group, local'],
  ['T3', 'PUT /v2/x/manifests/1', 'the usual host', 'token to push x', 'hosted through group, local'],

  // A pull's HEAD and GET take the same way.
  ['T4', 'HEAD /v2/x/manifests/1', 'the usual host', 'token to pull x', 'group through group, anywhere'],
  ['T4', 'GET /v2/x/manifests/1', 'the usual host', 'token to pull x', 'group through group, anywhere'],
  ['T4', headBlob, 'a connector on proxy', 'token to pull x', 'proxy through proxy, anywhere'],
  ['T4', getBlob, 'a connector on proxy', 'token to pull x', 'proxy through proxy, anywhere'],
  ['T4', 'HEAD /v2/x/manifests/1', 'an external pair', 'token to pull x', 'http://reads.test/'],
  ['T4', 'GET /v2/x/manifests/1', 'an external pair', 'token to pull x', 'http://reads.test/'],

  // Reading methods of a session go where the session is, whoever asks.
  ['T5', `GET ${anySession}`, 'the usual host', 'token to push x', 'hosted through group, local'],
  ['T5', `HEAD ${anySession}`, 'the usual host', 'token to push x', 'hosted through group, local'],
  ['T5', `GET ${anySession}`, 'the usual host', 'nobody', 'hosted through group, local'],
  ['T5', `PATCH ${anySession}`, 'the usual host', 'token to push x', 'hosted through group, local'],
  [
    'T5',
    `PUT ${anySession}?digest=${digest}`,
    'the usual host',
    'token to push x',
    'hosted through group, local',
  ],
  ['T5', `DELETE ${anySession}`, 'the usual host', 'token to push x', 'hosted through group, local'],
  ['T5', `GET ${anySession}`, 'a connector on hosted', 'Basic, may push x', 'hosted through hosted, local'],
  ['T5', `GET ${anySession}`, 'an external pair', 'token to push x', 'http://writes.test/'],
  ['T5', `HEAD ${anySession}`, 'an external pair', 'token to pull x', 'http://writes.test/'],
  ['T5', `GET ${anySession}`, 'a connector on proxy', 'token to push x', 'UNSUPPORTED: push to 1'],
  ['T5', `HEAD ${anySession}`, 'a group without writable', 'Basic, may push x', 'UNSUPPORTED: push to 2'],

  // What the client reads through is what it may mount from.
  [
    'T6',
    `POST ${uploads}?mount=${digest}&from=y`,
    'the usual host',
    'token to push x',
    'hosted through group, local',
  ],
  [
    'T6',
    `POST ${uploads}?mount=${digest}`,
    'a connector on hosted',
    'token to push x',
    'hosted through hosted, local',
  ],
  [
    'T6',
    `POST ${uploads}?mount=${digest}&from=y`,
    'an external pair',
    'token to push x',
    'http://writes.test/',
  ],

  // The version check concerns no repository: who may come in is all that it asks, and the guard decides that.
  ['T8', 'GET /v2/', 'the usual host', 'nobody', 'no repository'],
  ['T8', 'GET /v2/', 'a connector on proxy', 'token to pull x', 'no repository'],
  ['T8', 'GET /v2/', 'an external pair', 'nobody', 'both'],

  // What makes a Location or a realm is answered by the engine itself, under relative paths; no address comes in.
  ['T9', 'GET /v2/token', 'the usual host', 'nobody', 'no repository'],
  ['T9', `POST ${uploads}`, 'a connector on group', 'token to push x', 'hosted through group, local'],
  ['T9', 'GET /v2/x/tags/list?n=1', 'the usual host', 'token to push x', 'group through group, anywhere'],

  // A write knows the view whose memory of "not there" it has to end.
  ['T10', 'PUT /v2/x/manifests/1', 'the usual host', 'token to push x', 'hosted through group, local'],
  [
    'T10',
    'PUT /v2/x/manifests/1',
    'a connector on group',
    'Basic, may push x',
    'hosted through group, local',
  ],
  ['T10', 'DELETE /v2/x/manifests/1', 'the usual host', 'token to delete x', 'hosted through group, local'],
  [
    'T10',
    `DELETE /v2/x/blobs/${digest}`,
    'the usual host',
    'token to delete x',
    'hosted through group, local',
  ],

  // A digest is looked for behind this door only, never in the store at large.
  ['T11', getBlob, 'a connector on hosted', 'token to pull x', 'hosted through hosted, anywhere'],
  ['T11', getBlob, 'a connector on proxy', 'Basic, may push x', 'proxy through proxy, anywhere'],
  [
    'T11',
    `GET /v2/x/manifests/${digest}`,
    'a host on hosted',
    'token to pull x',
    'hosted through hosted, anywhere',
  ],
  [
    'T11',
    `GET /v2/x/referrers/${digest}`,
    'a host on hosted',
    'token to pull x',
    'hosted through hosted, anywhere',
  ],

  // Tag, digest and blobs of one pull are asked of the same repository.
  ['T12', 'GET /v2/x/manifests/1', 'the usual host', 'token to pull x', 'group through group, anywhere'],
  [
    'T12',
    `GET /v2/x/manifests/${digest}`,
    'the usual host',
    'token to pull x',
    'group through group, anywhere',
  ],
  ['T12', getBlob, 'the usual host', 'token to pull x', 'group through group, anywhere'],
  ['T12', getBlob, 'an external pair', 'token to pull x', 'http://reads.test/'],

  // One name to read, two to push.
  [
    'T19',
    'GET /v2/library/x/manifests/1',
    'the usual host',
    'token to pull x',
    'group through group, anywhere',
  ],
  [
    'T19',
    'HEAD /v2/library/x/manifests/1',
    'the usual host',
    'token to push x',
    'group through group, anywhere',
  ],
  [
    'T19',
    `HEAD /v2/library/x/blobs/${digest}`,
    'the usual host',
    'Basic, may push x',
    'group through group, anywhere',
  ],
  [
    'T19',
    'PUT /v2/library/x/manifests/1',
    'the usual host',
    'token to push x',
    'hosted through group, local',
  ],

  // Not traps: what a door does with the rest.
  ['base', 'GET /v2/_catalog', 'the usual host', 'Basic, may push x', 'group through group, anywhere'],
  ['base', 'GET /v2/_catalog', 'an external pair', 'Basic, may push x', 'http://reads.test/'],
  ['base', 'GET /v1/search?q=x', 'a connector on proxy', 'nobody', 'proxy through proxy, anywhere'],
  ['base', 'GET /v1/_ping', 'the usual host', 'nobody', 'no repository'],
  ['base', 'GET /v2/x/tags/list', 'external writes', 'token to pull x', 'group through group, anywhere'],
  ['base', `PUT /v2/x/manifests/1`, 'external reads', 'token to push x', 'carrying'],
  ['base', 'PUT /v2/x/manifests/1', 'an external pair', 'token to push x', 'carrying'],
  ['base', 'GET /v2/', 'an external pair', 'unclear', 'both'],
  ['base', 'PUT /v2/x/manifests/1', 'a connector on proxy', 'token to push x', 'UNSUPPORTED: push to 1'],
  ['base', `POST ${uploads}`, 'a group without writable', 'token to push x', 'UNSUPPORTED: push to 2'],
  ['base', 'DELETE /v2/x/manifests/1', 'a read-only host', 'token to delete x', 'UNSUPPORTED: push to 3'],
  ['base', `DELETE /v2/x/blobs/${digest}`, 'a read-only host', 'token to delete x', 'UNSUPPORTED: push to 3'],
];

function answer(request: string, split: Split, caller: RoutedCaller): string {
  const [method = '', url = ''] = request.split(' ');
  const destination = route(split, parseOperation(method, url), caller);
  if (destination.to === 'external') {
    const target = split[destination.side];
    return target && 'addresses' in target ? String(target.addresses[0]) : 'nowhere';
  }
  if (destination.to === 'both' || destination.to === 'either' || destination.to === 'carrying')
    return destination.to;
  if (destination.to === 'refusal') return refusal(destination.error);
  if (destination.route === undefined) return 'no repository';
  const { repository, view, reach } = destination.route;
  return `${repository} through ${view}, ${reach}`;
}

function refusal({ kind, message }: RegistryError): string {
  return `${kind.toUpperCase()}: ${message}`;
}

describe('route', () => {
  test.each(rows)('%s: %s at %s by %s', (_trap, request, door, caller, expected) => {
    expect(answer(request, splits[door], callers[caller])).toBe(expected);
  });

  test('has a row for every trap that one hostname sets', () => {
    const traps = new Set(rows.map(([trap]) => trap));
    const wanted = ['T1', 'T2', 'T3', 'T4', 'T5', 'T6', 'T8', 'T9', 'T10', 'T11', 'T12', 'T19', 'base'];
    expect([...traps]).toEqual(wanted);
  });

  test('asks only for the right to push the very name, and only where it matters', () => {
    const asked: string[] = [];
    const caller: RoutedCaller = { may: (action, name) => asked.push(`${action} ${name}`) < 0 };
    for (const request of [
      'GET /v2/x/manifests/1',
      'PUT /v2/x/manifests/1',
      headBlob,
      'HEAD /v2/x/manifests/1',
    ])
      answer(request, splits['the usual host'], caller);
    answer(headBlob, splits['a connector on proxy'], caller);
    expect(asked).toEqual(['push x', 'push x']);
  });
});
