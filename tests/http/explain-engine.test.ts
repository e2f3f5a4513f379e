import { describe, expect, test } from 'vitest';
import type { Reply } from '../support/http-request.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';
import { startTwoUpstreams, type TwoUpstreams } from '../support/two-upstreams.ts';
import { always, makeImage, type FakeImage } from '../unit/repositories/fake-registry.ts';

interface Explained {
  readonly winner?: string;
  readonly members: readonly {
    readonly member: string;
    readonly rule: string;
    readonly asked: boolean;
    readonly answer: string;
    readonly source?: string;
    readonly age?: number;
    readonly stale?: string;
    readonly reason?: string;
  }[];
}

async function explain({ get }: TwoUpstreams, image: string, ns?: string): Promise<Explained> {
  const query = new URLSearchParams({ image, ...(ns !== undefined && { ns }) });
  const reply = await get(`/api/v1/explain?${query.toString()}`);
  expect([image, reply.status]).toEqual([image, 200]);
  return JSON.parse(reply.body.toString()) as Explained;
}

/** Pulls the manifest of an image, written as `NAME:TAG` or `NAME@DIGEST`. */
function pull({ get }: TwoUpstreams, image: string, ns?: string): Promise<Reply> {
  const [, name = '', reference = ''] = /^(.+?)(?:@|:)([^/]+)$/.exec(image) ?? [];
  return get(`/v2/${name}/manifests/${reference}${ns === undefined ? '' : `?ns=${ns}`}`);
}

/** One image for each way in which an answer can come about, and how long a tag is trusted. */
async function prepare(started: TwoUpstreams): Promise<FakeImage> {
  const { gateway, hub, quay } = started;
  const image = makeImage();
  await seedImage(gateway, 'team/own', '1');
  for (const name of ['team/hub', 'team/both', 'team/cached', 'team/gone', 'library/nginx', 'secret/app'])
    hub.push(name, '1', image);
  for (const name of ['team/quay', 'team/both', 'team/digest', 'coreos/etcd', 'secret/app'])
    quay.push(name, '1', image);
  for (const name of ['team/cached:1', 'team/gone:1', 'quay.io/team/digest:1', 'team/none:1'])
    await pull(started, name);
  hub.untag('team/gone', '1');
  hub.push('team/digest', '1', image);
  return image;
}

const images = (digest: string): readonly (readonly [image: string, ns?: string])[] => [
  ['team/own:1'],
  ['team/own:none'],
  ['team/hub:1'],
  ['team/quay:1'],
  ['team/both:1'],
  ['team/cached:1'],
  [`team/cached@${digest}`],
  ['team/gone:1'],
  [`team/digest@${digest}`],
  ['team/digest:1'],
  ['team/none:1'],
  ['nginx:1'],
  ['library/nginx:1'],
  ['docker.io/nginx:1'],
  ['docker.io/library/nginx:1'],
  ['quay.io/coreos/etcd:1'],
  ['quay.io/team/hub:1'],
  ['secret/app:1'],
  ['quay.io/secret/app:1'],
  ['coreos/etcd:1', 'quay.io'],
  ['coreos/etcd:1', 'QUAY.io'],
  ['coreos/etcd:1', 'docker.io'],
  ['team/own:1', 'quay.io'],
  ['team/both:1', 'quay.io'],
  ['team/hub:1', 'idocker.io'],
  ['team/hub:1', ''],
];

describe('whom explain names is whom a pull comes from', () => {
  test.each([
    ['answer', undefined, undefined],
    ['are down', always(500), always(500)],
    ['answer no more from the first', always(429), undefined],
  ] as const)('while the upstreams %s', async (_, hubTrouble, quayTrouble) => {
    const started = await startTwoUpstreams({ tagMaxAge: '0s' });
    const image = await prepare(started);
    started.hub.behave(hubTrouble);
    started.quay.behave(quayTrouble);
    const winners = new Set<string>();
    for (const [name, ns] of images(image.digest)) {
      const { winner } = await explain(started, name, ns);
      const reply = await pull(started, name, ns);
      expect([name, ns, winner]).toEqual([name, ns, reply.headers['dockgate-member']]);
      expect([name, reply.status === 200]).toEqual([name, winner !== undefined]);
      winners.add(winner ?? 'nobody');
    }
    expect(winners).toEqual(new Set(['own', 'hub', 'quay', 'nobody']));
  });
});

describe('what is explained', () => {
  test('is what headers and log of the pull say', async () => {
    const started = await startTwoUpstreams();
    await prepare(started);
    const { members, winner } = await explain(started, 'team/quay:1');
    const reply = await pull(started, 'team/quay:1');
    const won = members.find(({ member }) => member === winner);
    expect(won).toMatchObject({ source: 'upstream', age: 0 });
    expect(reply.headers).toMatchObject({
      'dockgate-member': winner,
      'dockgate-passed': 'own, hub',
      age: '0',
    });
    expect(await started.gateway.logged(reply)).toMatchObject({
      member: winner,
      source: 'upstream',
      age: 0,
      passed: ['own', 'hub'],
    });
    expect((await explain(started, 'team/quay:1')).members[2]).toMatchObject({ source: 'cache' });
    const again = await pull(started, 'team/quay:1');
    expect(await started.gateway.logged(again)).toMatchObject({ source: 'cache' });
  });

  test('asks no upstream for more than HEAD, and none for a private name', async () => {
    const started = await startTwoUpstreams();
    const { hub, quay } = started;
    hub.push('team/hub', '1', makeImage());
    await explain(started, 'team/hub:1');
    expect([...hub.asked, ...quay.asked].sort()).toEqual([
      'HEAD /v2/team/hub/manifests/1',
      'HEAD /v2/team/hub/manifests/1',
    ]);
    const before = [...hub.asked, ...quay.asked].length;
    for (const name of ['secret/app:1', 'docker.io/secret/app:1', 'quay.io/docker.io/secret/app:1']) {
      const { members } = await explain(started, name);
      expect(members.filter(({ asked }) => asked).map(({ member }) => member)).toEqual(['own']);
    }
    await explain(started, 'secret/app:1', 'quay.io');
    expect([...hub.asked, ...quay.asked]).toHaveLength(before);
  });

  test('of a namespace that nobody here is, is an unknown name', async () => {
    const { get, hub, quay } = await startTwoUpstreams();
    const reply = await get('/api/v1/explain?image=team/app:1&ns=evil.test');
    expect([reply.status, reply.body.toString()]).toEqual([
      404,
      expect.stringContaining('NAME_UNKNOWN') as string,
    ]);
    expect([...hub.asked, ...quay.asked]).toEqual([]);
  });

  test('is for who may pull the name, with its prefix or its namespace', async () => {
    const started = await startTwoUpstreams({}, { developers: [{ names: ['team/**'], actions: ['pull'] }] });
    const dev = { user: 'dev', password: 'password of dev' };
    await started.gateway.addUser(dev.user, dev.password, 'developers');
    const headers = { authorization: basic(dev) };
    for (const [path, status] of [
      ['image=team/app:1', 200],
      ['image=team/app:1&ns=quay.io', 200],
      ['image=ops/app:1', 404],
      ['image=ops/app:1&ns=quay.io', 404],
      ['image=quay.io/team/app:1', 404],
    ] as const) {
      const reply = await started.get(`/api/v1/explain?${path}`, { headers });
      expect([path, reply.status]).toEqual([path, status]);
    }
    expect(started.quay.asked.filter((each) => !each.includes('/team/app/'))).toEqual([]);
  });
});
