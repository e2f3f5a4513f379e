import { describe, expect, test } from 'vitest';
import { createDoors, type DoorKind } from '../../../gateway/doors.ts';
import { load } from '../config/load.ts';

const repositories = `
repositories:
  hosted: { type: hosted }
  hub:    { type: proxy, upstream: https://hub.test }
  group:  { type: group, members: [hosted, hub], writable: hosted }
  closed: { type: group, members: [hub, hosted] }
`;

const hosts = `${repositories}
hosts:
  main.test:     { read: group, write: group, web: true }
  own.test:      { read: hosted, write: hosted }
  cache.test:    { read: hub }
  page.test:     { web: true }
  old.test:      { forward: http://10.0.0.5:8081 }
  "*.wild.test": { read: closed }
  "a.wild.test": { read: hosted }
  10.0.0.1:      { read: hub }
  "fd00::1":     { read: hosted }
connectors:
  8001: { repository: hub }
  8002: { repository: hosted }
  8003: { repository: group }
  8004: { repository: closed }
`;

/** What is behind a door, in words. */
function shown(door: DoorKind): string {
  if (door.kind === 'page') return 'page';
  if (door.kind === 'forward') return `forward ${door.address.href}`;
  const { read, write } = door.split;
  const of = (target: typeof write): string =>
    target === undefined
      ? 'nothing'
      : 'repository' in target
        ? target.repository
        : String(target.addresses[0]);
  return `${of(read)} < ${of(write)}`;
}

async function doorsOf(text: string) {
  const config = await load(text);
  const doors = createDoors(config);
  const behind = (port: number): DoorKind => {
    const connector = config.connectors.find((each) => each.port === port);
    if (connector === undefined) throw new Error(`no connector ${port}`);
    return doors.ofConnector(connector);
  };
  return { ofHost: (host: string) => doors.ofHost(host), behind };
}

describe('a host', () => {
  test.each([
    ['main.test', 'group < hosted'],
    ['MAIN.Test', 'group < hosted'],
    ['main.test.', 'group < hosted'],
    ['own.test', 'hosted < hosted'],
    ['cache.test', 'hub < nothing'],
    ['page.test', 'page'],
    ['old.test', 'forward http://10.0.0.5:8081/'],
    ['10.0.0.1', 'hub < nothing'],
    ['[fd00::1]', 'hosted < nothing'],
    ['[FD00::1]', 'hosted < nothing'],
    ['fd00::1', 'hosted < nothing'],
  ])('%s is found by its name', async (host, expected) => {
    expect(shown((await doorsOf(hosts)).ofHost(host))).toBe(expected);
  });

  test.each([
    ['b.wild.test', 'closed < nothing'],
    ['B.WILD.TEST.', 'closed < nothing'],
    ['a.wild.test', 'hosted < nothing'],
    ['b.a.wild.test', 'group < hosted'],
    ['wild.test', 'group < hosted'],
    ['.wild.test', 'group < hosted'],
    ['*.wild.test', 'closed < nothing'],
  ])('%s is looked up in wildcards last, one label deep', async (host, expected) => {
    expect(shown((await doorsOf(hosts)).ofHost(host))).toBe(expected);
  });

  test.each(['unknown.test', '10.9.9.9', '[::1]', 'localhost', '__proto__', 'constructor'])(
    '%s, which is not configured, gets what the first host with a registry gets',
    async (host) => {
      expect(shown((await doorsOf(hosts)).ofHost(host))).toBe('group < hosted');
    },
  );

  test('is the page when no host has a registry', async () => {
    const doors = await doorsOf(`${repositories}hosts: { page.test: { web: true } }`);
    expect(doors.ofHost('unknown.test').kind).toBe('page');
  });

  test('with a page says so', async () => {
    const doors = await doorsOf(hosts);
    expect(doors.ofHost('main.test')).toMatchObject({ web: true });
    expect(doors.ofHost('own.test')).toMatchObject({ web: false });
  });
});

test.each([
  [8001, 'hub < nothing'],
  [8002, 'hosted < hosted'],
  [8003, 'group < hosted'],
  [8004, 'closed < nothing'],
])('connector %i leads to its repository', async (port, expected) => {
  expect(shown((await doorsOf(hosts)).behind(port))).toBe(expected);
});

describe('who pushes where nothing can be pushed is told where to', () => {
  const advice = (door: DoorKind): string => (door.kind === 'split' ? door.split.advice : '');
  const places = 'push to main.test or own.test or port 8002 or port 8003';

  test('at a proxy, a group without writable, a read-only host', async () => {
    const doors = await doorsOf(hosts);
    expect(advice(doors.behind(8001))).toBe(
      `hub is a cache of another registry and therefore read-only; ${places}`,
    );
    expect(advice(doors.behind(8004))).toBe(`closed is read-only; ${places}`);
    expect(advice(doors.ofHost('cache.test'))).toBe(`cache.test is read-only; ${places}`);
  });

  test('or that there is no such place', async () => {
    const doors = await doorsOf(`${repositories}hosts: { cache.test: { read: hub } }`);
    expect(advice(doors.ofHost('cache.test'))).toBe(
      'cache.test is read-only; no host or connector takes pushes; name a hosted repository as "write"',
    );
  });
});
