import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseName, type Name, type Reference } from '../../../registry/model/index.ts';
import { createOperator } from '../../../registry/operator.ts';
import type { MemberAnswer, ProxySettings } from '../../../registry/repositories/index.ts';
import { faultOf, group, hosted, proxy, startEngine, tagged, upload, type Engine } from './engine.ts';
import { always, makeImage, startRegistry, unreachable, type FakeImage } from './fake-registry.ts';

const app = parseName('team/app');
const latest = tagged('latest');
const minute = 60_000;

afterEach(() => {
  vi.useRealTimers();
});

/** Time goes on by this much, for all that asks what time it is. */
function later(ms: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms });
}

async function push(engine: Engine, image: FakeImage, name: Name = app): Promise<void> {
  for (const blob of image.blobs) await upload(engine, 'own', name, blob);
  const manifest = { name, reference: latest, tags: [], bytes: image.bytes, contentType: '' };
  await engine.hosted('own').putManifest({ ...manifest, seenWith: [], adoptFrom: [] });
}

/** A hosted repository and two proxies behind the group `all`; tags are good for a minute. */
async function start(settings: Partial<ProxySettings> = {}) {
  const [hub, quay] = [await startRegistry(), await startRegistry()];
  const engine = await startEngine({
    own: hosted({ private: ['secret/**'] }),
    hub: proxy(hub.url, {
      prefix: 'docker.io',
      library: true,
      tagMaxAge: minute,
      autoBlock: false,
      ...settings,
    }),
    quay: proxy(quay.url, { prefix: 'quay.io', tagMaxAge: minute, autoBlock: false }),
    all: group('own', 'hub', 'quay'),
  });
  const operator = createOperator(engine.repositories, engine.metadata, new Set(['idocker.io']));
  const image = makeImage();
  const explain = (name: Name = app, reference: Reference = latest, ns?: string) =>
    operator.explain('all', name, reference, ns);
  const pull = (name: Name = app, reference: Reference = latest) =>
    engine.repository('all').findManifest(name, reference, 'anywhere');
  const of = async (member: string, name: Name = app, reference = latest): Promise<MemberAnswer> => {
    const found = (await explain(name, reference)).members.find((each) => each.member === member);
    if (!found) throw new Error(`${member} is not explained`);
    return found;
  };
  return { hub, quay, engine, operator, image, explain, pull, of };
}

describe('each member in order', () => {
  test('says what it is, which rule holds, and what it answers', async () => {
    const { hub, engine, image, explain } = await start();
    const pushed = makeImage();
    await push(engine, pushed);
    hub.push('team/app', 'latest', image);
    expect(await explain()).toEqual({
      image: 'team/app:latest',
      name: 'team/app',
      reference: 'latest',
      winner: 'own',
      members: [
        {
          member: 'own',
          type: 'hosted',
          rule: 'what is pushed here is read under any name',
          asked: true,
          answer: 'found',
          source: 'hosted',
          digest: pushed.digest,
          mediaType: expect.stringContaining('manifest') as string,
        },
        {
          member: 'hub',
          type: 'proxy',
          rule: 'it has no routes: any name may be asked',
          asked: true,
          answer: 'found',
          source: 'upstream',
          digest: image.digest,
          mediaType: expect.stringContaining('manifest') as string,
          age: 0,
        },
        {
          member: 'quay',
          type: 'proxy',
          rule: 'it has no routes: any name may be asked',
          asked: true,
          answer: 'not-found',
          reason: 'the upstream does not have it',
        },
      ],
    });
  });

  test('is asked by HEAD only, and nothing of it is kept or remembered', async () => {
    const { hub, engine, image, explain } = await start();
    hub.push('team/app', 'latest', image);
    for (let times = 0; times < 2; times += 1) await explain();
    await explain(parseName('team/none'));
    expect(hub.asked.every((each) => each.startsWith('HEAD /v2/'))).toBe(true);
    expect(hub.count('HEAD /v2/team/app/')).toBe(2);
    expect(await engine.repository('all').findManifest(app, latest, 'local')).toBeUndefined();
    const place = { repository: 'hub', name: parseName('team/none') };
    expect(await engine.metadata.absences.has(place, 'latest', Date.now())).toBe(false);
  });

  test('a hosted one that is offline is not asked', async () => {
    const engine = await startEngine({ own: hosted({ online: false }) });
    expect(await engine.repository('own').explain(app, latest)).toEqual([
      {
        member: 'own',
        type: 'hosted',
        rule: 'it is offline, its configuration says so',
        asked: false,
        answer: 'not-asked',
      },
    ]);
  });
});

describe('a cache', () => {
  test('that is fresh answers with its age, and the upstream is not asked', async () => {
    const { hub, image, pull, of } = await start();
    hub.push('team/app', 'latest', image);
    await pull();
    later(30_000);
    expect(await of('hub')).toMatchObject({
      asked: true,
      answer: 'found',
      source: 'cache',
      age: 30,
      digest: image.digest,
    });
    expect(hub.count('HEAD')).toBe(0);
  });

  test('that is old: the upstream is asked what it is now', async () => {
    const { hub, image, pull, of } = await start();
    hub.push('team/app', 'latest', image);
    await pull();
    const newer = makeImage();
    hub.push('team/app', 'latest', newer);
    later(2 * minute);
    expect(await of('hub')).toMatchObject({ source: 'upstream', digest: newer.digest, age: 0 });
    hub.untag('team/app', 'latest');
    expect(await of('hub')).toMatchObject({ answer: 'not-found', reason: 'the upstream does not have it' });
  });

  test('that is old stands in for an upstream that does not answer, and says why', async () => {
    const { hub, image, pull, of, explain } = await start();
    hub.push('team/app', 'latest', image);
    await pull();
    hub.behave(always(503));
    later(2 * minute);
    expect(await of('hub')).toMatchObject({
      answer: 'found',
      source: 'cache',
      age: 120,
      stale: expect.stringContaining('HTTP 503') as string,
    });
    expect((await explain()).winner).toBe('hub');
  });

  test('within the grace window answers at once', async () => {
    const { hub, image, pull, of } = await start({ staleWhileRevalidate: 2 * minute });
    hub.push('team/app', 'latest', image);
    await pull();
    hub.behave(always(503));
    later(2 * minute);
    const answer = await of('hub');
    expect(answer).toMatchObject({ answer: 'found', source: 'cache', age: 120 });
    expect(answer).not.toHaveProperty('stale');
    expect(hub.count('HEAD')).toBe(0);
  });

  test('that has the digest wins before an upstream that would be asked first', async () => {
    const { hub, quay, engine, image, explain, pull } = await start();
    hub.push('team/app', 'latest', image);
    quay.push('team/app', 'latest', image);
    await engine.repository('quay').findManifest(app, latest, 'anywhere');
    const { digest } = image;
    expect(await explain(app, { digest })).toMatchObject({
      image: `team/app@${digest}`,
      reference: digest,
      winner: 'quay',
    });
    expect((await pull(app, { digest }))?.member).toBe('quay');
    expect((await explain()).winner).toBe('hub');
  });
});

describe('an upstream', () => {
  test('that said "not here" a while ago is not asked again', async () => {
    const { hub, image, pull, of } = await start();
    await pull();
    hub.push('team/app', 'latest', image);
    const before = hub.asked.length;
    expect(await of('hub')).toMatchObject({
      answer: 'not-found',
      reason: 'the upstream has said so not long ago',
    });
    expect(hub.asked).toHaveLength(before);
  });

  test.each([
    ['breaks connections', unreachable, /127\.0\.0\.1/],
    ['fails', always(500), /HTTP 500/],
    ['limits', always(429), /HTTP 429/],
    ['denies', always(403), /HTTP 403/],
  ] as const)('that %s has failed, and the next member wins', async (_, trouble, reason) => {
    const { hub, quay, image, of, explain } = await start();
    hub.behave(trouble);
    quay.push('team/app', 'latest', image);
    expect(await of('hub')).toMatchObject({
      asked: true,
      answer: 'failed',
      reason: expect.stringMatching(reason) as string,
    });
    expect((await explain()).winner).toBe('quay');
  });

  test('that is offline is not asked; what is here is served', async () => {
    const { hub, image, of } = await start({ offline: true });
    hub.push('team/app', 'latest', image);
    const rule = 'it is offline, its configuration says so';
    expect(await of('hub')).toEqual({
      member: 'hub',
      type: 'proxy',
      rule,
      asked: false,
      answer: 'not-asked',
    });
    expect(hub.asked).toEqual([]);
  });

  test('that is blocked by hand: by whom and why, and what is here is served', async () => {
    const { hub, image, operator, pull, of } = await start();
    hub.push('team/app', 'latest', image);
    await pull();
    later(2 * minute);
    await operator.block('hub', 'olga', 'its invoice is open');
    const before = hub.asked.length;
    const rule = 'olga has blocked its upstream: its invoice is open';
    expect(await of('hub')).toMatchObject({ rule, asked: true, answer: 'found', source: 'cache', age: 120 });
    expect(await of('hub', parseName('team/none'))).toMatchObject({
      rule,
      asked: false,
      answer: 'not-asked',
    });
    expect(hub.asked).toHaveLength(before);
    expect(await operator.unblock('hub')).toBe(true);
    expect(await of('hub')).toMatchObject({ source: 'upstream', age: 0 });
  });

  test.each(['secret/app', 'docker.io/secret/app', 'quay.io/docker.io/secret/app'])(
    'is not asked for the private %s',
    async (name) => {
      const { hub, quay, explain } = await start();
      const { members, winner } = await explain(parseName(name));
      expect(winner).toBeUndefined();
      const proxies = members.filter(({ type }) => type === 'proxy');
      expect(proxies.map(({ asked }) => asked)).toEqual([false, false]);
      expect(proxies.map(({ rule }) => rule)).toContain(
        'the name is private, and no upstream is asked for it',
      );
      expect([...hub.asked, ...quay.asked]).toEqual([]);
    },
  );

  test('is kept from names that do not fit its routes, except by its prefix', async () => {
    const { hub, image, of } = await start({ routes: ['library/**'] });
    hub.push('team/app', 'latest', image);
    hub.push('library/nginx', 'latest', image);
    expect(await of('hub')).toMatchObject({ rule: 'the name fits none of its routes', asked: false });
    expect(await of('hub', parseName('nginx'))).toMatchObject({
      rule: 'the name fits its routes',
      answer: 'found',
    });
    expect(await of('hub', parseName('docker.io/team/app'))).toMatchObject({
      rule: 'the name begins with docker.io/, its prefix',
      answer: 'found',
    });
  });

  test('is not asked for what the prefix of another begins', async () => {
    const { hub, quay, image, explain } = await start();
    quay.push('team/app', 'latest', image);
    const { members, winner } = await explain(parseName('quay.io/team/app'));
    expect(winner).toBe('quay');
    expect(members.map(({ member, asked }) => [member, asked])).toEqual([
      ['own', true],
      ['hub', false],
      ['quay', true],
    ]);
    expect(members[1]).toMatchObject({
      answer: 'not-asked',
      rule: 'the name begins with the prefix of another upstream',
    });
    expect(hub.asked).toEqual([]);
  });
});

describe('as the mirror of one registry', () => {
  test.each(['quay.io', 'QUAY.IO', 'quay.io:443'])('%s: only its proxy and what is pushed', async (ns) => {
    const { hub, quay, image, explain } = await start();
    quay.push('team/app', 'latest', image);
    const { members, winner } = await explain(app, latest, ns);
    expect(members.map(({ member }) => member)).toEqual(['own', 'quay']);
    expect(winner).toBe('quay');
    expect(members[1]?.rule).toBe('the name begins with quay.io/, its prefix');
    expect(hub.asked).toEqual([]);
  });

  test.each(['', 'idocker.io', 'IDOCKER.IO:8443'])('"%s", which is nobody else: all members', async (ns) => {
    const { explain } = await start();
    expect((await explain(app, latest, ns)).members).toHaveLength(3);
  });

  test('that nobody here knows is an unknown name', async () => {
    const { hub, quay, explain } = await start();
    expect(await faultOf(explain(app, latest, 'evil.test'))).toMatchObject({
      kind: 'nameUnknown',
      message: expect.stringContaining('evil.test') as string,
    });
    expect([...hub.asked, ...quay.asked]).toEqual([]);
  });

  test('a repository that is not there is an unknown name', async () => {
    const { operator } = await start();
    expect(await faultOf(operator.explain('none', app, latest))).toMatchObject({ kind: 'nameUnknown' });
    expect(await faultOf(operator.block('own', 'olga', ''))).toMatchObject({ kind: 'nameUnknown' });
    expect(await faultOf(operator.unblock('own'))).toMatchObject({ kind: 'nameUnknown' });
  });
});

/** How an upstream and its cache can be; `after`: what becomes of the upstream once the cache has what it has. */
interface Scene {
  readonly settings?: Partial<ProxySettings>;
  readonly has?: boolean;
  readonly isPulled?: boolean;
  readonly after?: 'fails' | 'denies' | 'forgets' | 'is blocked';
}

/** Everything happens 90 s before it is explained. */
const scenes: Readonly<Record<string, Scene>> = {
  'has it': { has: true },
  'has it not': {},
  'fails and has no copy': { has: true, after: 'fails' },
  'denies and has no copy': { has: true, after: 'denies' },
  'has a fresh copy': { has: true, isPulled: true, settings: { tagMaxAge: 60 * minute } },
  'has a fresh copy and fails': {
    has: true,
    isPulled: true,
    after: 'fails',
    settings: { tagMaxAge: 60 * minute },
  },
  'has an old copy': { has: true, isPulled: true },
  'has an old copy and fails': { has: true, isPulled: true, after: 'fails' },
  'has an old copy and denies': { has: true, isPulled: true, after: 'denies' },
  'has an old copy of what is gone': { has: true, isPulled: true, after: 'forgets' },
  'is within the grace window and fails': {
    has: true,
    isPulled: true,
    after: 'fails',
    settings: { staleWhileRevalidate: minute },
  },
  'is within the grace window of what is gone': {
    has: true,
    isPulled: true,
    after: 'forgets',
    settings: { staleWhileRevalidate: minute },
  },
  'has said no': { isPulled: true, has: false },
  'is offline': { has: true, settings: { offline: true } },
  'is blocked': { has: true, after: 'is blocked' },
  'is blocked with an old copy': { has: true, isPulled: true, after: 'is blocked' },
  'has other routes': { has: true, settings: { routes: ['other/**'] } },
};

describe('the winner is whom a pull then comes from', () => {
  test('for two upstreams in every pair of states, by tag and by digest', async () => {
    const image = makeImage();
    const kinds = Object.entries(scenes);
    const sides = await Promise.all(
      ['first', 'second'].map((side) =>
        Promise.all(
          kinds.map(async ([label, scene], at) => ({
            label,
            scene,
            name: `${side}-${at}`,
            upstream: await startRegistry(),
          })),
        ),
      ),
    );
    const [firsts = [], seconds = []] = sides;
    const pairs = firsts.flatMap((one, i) =>
      seconds.map((two, j) => ({ one, two, group: `group-${i}-${j}`, image: parseName(`team/i${i}-${j}`) })),
    );
    const engine = await startEngine({
      ...Object.fromEntries(
        [...firsts, ...seconds].map(({ name, scene, upstream }) => [
          name,
          proxy(upstream.url, {
            prefix: `${name}.test`,
            tagMaxAge: minute,
            autoBlock: false,
            ...scene.settings,
          }),
        ]),
      ),
      ...Object.fromEntries(pairs.map(({ one, two, group: name }) => [name, group(one.name, two.name)])),
    });
    const forms = ['tag', 'digest'] as const;
    const all = pairs.flatMap((pair) =>
      forms.map((form) => ({ ...pair, form, image: parseName(`${pair.image}-${form}`) })),
    );
    for (const { one, two, image: name } of all)
      for (const { scene, upstream, name: repository } of [one, two]) {
        if (scene.has) upstream.push(name, 'latest', image);
        if (!scene.isPulled) continue;
        await engine.repository(repository).findManifest(name, latest, 'anywhere');
        if (!scene.has)
          await engine.repository(repository).findManifest(name, { digest: image.digest }, 'anywhere');
        if (scene.after === 'forgets') upstream.untag(name, 'latest');
      }
    for (const { scene, upstream, name: repository } of [...firsts, ...seconds]) {
      if (scene.after === 'fails') upstream.behave(always(500));
      if (scene.after === 'denies') upstream.behave(always(403));
      if (scene.after === 'is blocked')
        await engine.metadata.blocks.block({ repository, by: 'olga', at: Date.now(), reason: '' });
    }
    later(90_000);
    const operator = createOperator(engine.repositories, engine.metadata, new Set());
    const winners = new Set<string | undefined>();
    for (const { one, two, group: repository, image: name, form } of all) {
      const reference = form === 'tag' ? latest : { digest: image.digest };
      const { winner } = await operator.explain(repository, name, reference);
      const pulled = await engine
        .repository(repository)
        .findManifest(name, reference, 'anywhere')
        .catch(() => undefined);
      expect(winner, `by ${form}: the first ${one.label}, the second ${two.label}`).toBe(pulled?.member);
      winners.add(winner?.split('-')[0]);
    }
    expect(winners).toEqual(new Set(['first', 'second', undefined]));
  });
});
