import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCachingGateway, type CachingGateway } from '../support/caching-gateway.ts';
import type { LocalGateway } from '../support/gateway.ts';
import type { Reply } from '../support/http-request.ts';
import type { Image } from '../support/image.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { seedImage } from '../support/seed-image.ts';

const dev = { user: 'dev', password: 'password of dev' };

let place: Place;
let both: CachingGateway;
let gateway: LocalGateway;
let pushed: Image;
let cached: Image;
beforeAll(async () => {
  place = await createLoopback();
  both = await startCachingGateway(place);
  ({ gateway } = both);
  await gateway.addUser(dev.user, dev.password, 'developers');
  pushed = await seedImage(gateway, 'team/app', '1');
  cached = await seedImage(both.upstream, 'team/tool', 'latest');
});
afterAll(async () => {
  await both.stop();
  await place.close();
});

interface Sent {
  readonly as?: { readonly user: string; readonly password: string } | string | undefined;
  readonly body?: unknown;
  readonly method?: string;
  readonly type?: string;
}

/** Asks the API, by default as `admin`; an empty string is nobody. */
function ask(path: string, { as = gateway.admin, body, method, type }: Sent = {}): Promise<Reply> {
  const authorization = typeof as === 'string' ? as : basic(as);
  return gateway.ask(path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(authorization !== '' && { authorization }),
      ...(body !== undefined && { 'content-type': type ?? 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}

const jsonOf = ({ body }: Reply): unknown => JSON.parse(body.toString());
const explain = (image: string, sent: Sent = {}): Promise<Reply> =>
  ask(`/api/v1/explain?image=${encodeURIComponent(image)}`, sent);
const linesOf = ({ body }: Reply): Record<string, unknown>[] =>
  body
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('who may ask', () => {
  const admins: readonly (readonly [string, Sent])[] = [
    ['/api/v1/upstreams', {}],
    ['/api/v1/upstreams/hub/block', { body: { reason: 'x' } }],
    ['/api/v1/upstreams/hub/unblock', { body: {} }],
    ['/api/v1/prefetch', { body: { images: ['team/tool'] } }],
  ];

  test.each([...admins, ['/api/v1/explain?image=team/app:1', {}] as const])(
    '%s: nobody is asked to log in',
    async (path, sent) => {
      for (const as of ['', basic({ user: 'admin', password: 'wrong' }), 'Bearer x', 'nonsense']) {
        const reply = await ask(path, { ...sent, as });
        expect([reply.status, jsonOf(reply)]).toMatchObject([401, { errors: [{ code: 'UNAUTHORIZED' }] }]);
        expect(reply.headers['www-authenticate']).toMatch(/^Basic realm="[^"]+"/);
        expect(reply.headers['content-type']).toBe('application/json');
      }
    },
  );

  test.each(admins)('%s: only admins', async (path, sent) => {
    for (const as of [dev, await gateway.token(['registry:admin:*', 'registry:catalog:*'], basic(dev))]) {
      const reply = await ask(path, { ...sent, as });
      expect([reply.status, jsonOf(reply)]).toMatchObject([403, { errors: [{ code: 'DENIED' }] }]);
    }
    const { upstreams } = jsonOf(await ask('/api/v1/upstreams')) as { upstreams: { blocked?: unknown }[] };
    expect(upstreams.map(({ blocked }) => blocked)).toEqual([undefined]);
  });

  test('a token for administration is as good as the password, one for a name is not', async () => {
    expect((await ask('/api/v1/upstreams', { as: await gateway.token(['registry:admin:*']) })).status).toBe(
      200,
    );
    const other = await gateway.token(['repository:team/app:pull', 'registry:catalog:*']);
    expect((await ask('/api/v1/upstreams', { as: other })).status).toBe(403);
  });

  test('a name is explained to those who may pull it, and unknown to the others', async () => {
    const pulls = await gateway.token(['repository:team/app:pull'], basic(dev));
    for (const as of [dev, pulls]) expect((await explain('team/app:1', { as })).status).toBe(200);
    for (const [image, as] of [
      ['secret/plan:1', dev],
      ['team/tool', pulls],
    ] as const) {
      const reply = await explain(image, { as });
      expect([reply.status, jsonOf(reply)]).toMatchObject([404, { errors: [{ code: 'NAME_UNKNOWN' }] }]);
    }
  });

  test('the description is for everybody', async () => {
    const reply = await ask('/api/v1/openapi.json', { as: '' });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    expect(jsonOf(reply)).toMatchObject({ openapi: '3.1.0' });
  });
});

describe('explain', () => {
  test('says who answers, from where, and who was not asked', async () => {
    const reply = await explain('team/app:1');
    expect(reply.headers).toMatchObject({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    const { digest, mediaType } = pushed.manifest;
    expect(jsonOf(reply)).toMatchObject({
      image: 'team/app:1',
      repository: 'group',
      name: 'team/app',
      reference: '1',
      winner: 'hosted',
      members: [
        {
          member: 'hosted',
          type: 'hosted',
          answer: 'found',
          source: 'hosted',
          asked: true,
          digest,
          mediaType,
        },
        { member: 'hub', type: 'proxy' },
      ],
    });
  });

  test.each([
    ['team/tool', 'latest'],
    ['team/tool:latest', 'latest'],
    ['localhost/team/tool', 'latest'],
    ['LOCALHOST:8443/team/tool', 'latest'],
    ['hub.test/team/tool', 'latest'],
  ])('%s is found upstream', async (image, reference) => {
    const found = jsonOf(await explain(image)) as { members: object[] };
    expect(found).toMatchObject({ image, reference, winner: 'hub' });
    expect(found.members).toContainEqual(
      expect.objectContaining({ member: 'hub', answer: 'found', digest: cached.manifest.digest }),
    );
  });

  test('by digest, also with a tag in front', async () => {
    const { digest } = pushed.manifest;
    for (const image of [`team/app@${digest}`, `team/app:2@${digest}`])
      expect(jsonOf(await explain(image))).toMatchObject({ reference: digest, winner: 'hosted' });
  });

  test('nobody answers: there is no winner', async () => {
    const reply = await explain('team/none:1');
    expect(reply.status).toBe(200);
    expect(jsonOf(reply)).not.toHaveProperty('winner');
  });

  test('through another host', async () => {
    for (const path of [
      'image=own.test/team/tool',
      'image=team/tool&host=own.test',
      'image=own.test/team/tool&host=OWN.test',
    ])
      expect(jsonOf(await ask(`/api/v1/explain?${path}`))).toMatchObject({
        repository: 'hosted',
        members: [{ member: 'hosted', answer: 'not-found' }],
      });
  });
});

describe('what cannot be understood', () => {
  test.each<[string, Sent, RegExp]>([
    ['/api/v1/explain', {}, /say which image/],
    ['/api/v1/explain?image=', {}, /say which image/],
    ['/api/v1/explain?image=Team/App', {}, /"Team\/App" has capitals/],
    ['/api/v1/explain?image=team/app:', {}, /has no valid tag/],
    ['/api/v1/explain?image=team/app@sha256:12', {}, /has no valid digest/],
    ['/api/v1/explain?image=elsewhere.test:5000/team/app', {}, /./],
    ['/api/v1/explain?image=team/app&host=nowhere.test', {}, /nowhere\.test is none of the hosts/],
    ['/api/v1/explain?image=team/app&host=page.test', {}, /page\.test does not read/],
    ['/api/v1/explain?image=localhost/team/app&host=own.test', {}, /leave one of them out/],
    ['/api/v1/prefetch', { body: '' }, /send \{"images"/],
    ['/api/v1/prefetch', { body: '{' }, /is not JSON/],
    ['/api/v1/prefetch', { body: [] }, /"images" must be/],
    ['/api/v1/prefetch', { body: { images: [] } }, /"images" must be/],
    ['/api/v1/prefetch', { body: { images: [1] } }, /"images" must be/],
    ['/api/v1/prefetch', { body: { images: ['X'] } }, /"X" has capitals/],
    ['/api/v1/prefetch', { body: { images: ['x'], platforms: 'linux' } }, /"platforms" must be/],
    ['/api/v1/prefetch', { body: { images: ['x'], platforms: ['amd64'] } }, /"amd64" is not a platform/],
    ['/api/v1/prefetch', { body: { images: ['x'], allPlatforms: 1 } }, /"allPlatforms" must be/],
    ['/api/v1/prefetch', { body: { images: ['x'], platforms: ['a/b'], allPlatforms: true } }, /exclude/],
    ['/api/v1/prefetch', { body: { images: ['x'] }, type: 'text/plain' }, /Content-Type: application\/json/],
    ['/api/v1/prefetch', { body: { images: ['x'.repeat(300_000)] } }, /longer than/],
    ['/api/v1/upstreams/hub/block', { body: { reason: 7 } }, /"reason" must be/],
    ['/api/v1/upstreams/hub/block', { body: { reason: 'x'.repeat(501) } }, /"reason" must be/],
    [
      '/api/v1/upstreams/hub/unblock',
      { body: 'x', type: 'application/x-www-form-urlencoded' },
      /application\/json/,
    ],
  ])('%s %j is a 400 with a sentence', async (path, sent, sentence) => {
    const reply = await ask(path, sent);
    expect(reply.status).toBe(400);
    const { errors } = jsonOf(reply) as { errors: { code: string; message: string }[] };
    expect(errors).toEqual([{ code: 'UNSUPPORTED', message: expect.stringMatching(sentence) as string }]);
  });

  test.each([
    '/api',
    '/api/',
    '/api/v1',
    '/api/v1/',
    '/api/v2/explain',
    '/api/v1/upstreams/',
    '/api/v1/upstreams/a/b/block',
  ])('%s is no end-point', async (path) => {
    const reply = await ask(path);
    expect([reply.status, jsonOf(reply)]).toMatchObject([404, { errors: [{ code: 'UNSUPPORTED' }] }]);
  });

  test.each([
    ['/api/v1/explain', 'POST', 'GET, HEAD'],
    ['/api/v1/prefetch', 'GET', 'POST'],
    ['/api/v1/upstreams/hub/block', 'DELETE', 'POST'],
    ['/metrics', 'PUT', 'GET, HEAD'],
  ])('%s has no %s', async (path, method, allow) => {
    const reply = await ask(path, { method });
    expect([reply.status, reply.headers.allow]).toEqual([405, allow]);
  });

  test('HEAD says what GET would, without it', async () => {
    const [head, got] = [await ask('/api/v1/upstreams', { method: 'HEAD' }), await ask('/api/v1/upstreams')];
    expect([head.status, head.body.length]).toEqual([200, 0]);
    expect(head.headers['content-length']).toBe(String(got.body.length));
  });

  test('a host that is elsewhere has no API of ours', async () => {
    const reply = await gateway.ask('/healthz');
    expect([reply.status, reply.body.toString()]).toEqual([200, '{"status":"ok"}']);
  });
});

describe('upstreams', () => {
  interface Listed {
    readonly upstreams: readonly {
      readonly repository: string;
      readonly blocked?: unknown;
      readonly state: object;
    }[];
  }
  const list = async (): Promise<Listed> => jsonOf(await ask('/api/v1/upstreams')) as Listed;

  test('are listed, blocked with who and why, and unblocked', async () => {
    const before = (await list()).upstreams;
    expect(before).toMatchObject([{ repository: 'hub', offline: false, state: { urls: [{ failures: 0 }] } }]);
    expect(before[0]).not.toHaveProperty('blocked');

    const blocked = await ask('/api/v1/upstreams/hub/block', { body: { reason: ' it lies ' } });
    expect(jsonOf(blocked)).toEqual({ repository: 'hub', blocked: true });
    expect((await list()).upstreams).toMatchObject([{ blocked: { by: 'admin', reason: 'it lies' } }]);

    const unblocked = await ask('/api/v1/upstreams/hub/unblock', { body: {} });
    expect(jsonOf(unblocked)).toEqual({ repository: 'hub', blocked: false });
    expect((await list()).upstreams[0]).not.toHaveProperty('blocked');
    // Whoever unblocks what is not blocked has what was wanted.
    expect((await ask('/api/v1/upstreams/hub/unblock', { body: {} })).status).toBe(200);
  });

  test.each(['hosted', 'group', 'none', '%zz'])('%s is no proxy', async (name) => {
    for (const verb of ['block', 'unblock']) {
      const reply = await ask(`/api/v1/upstreams/${name}/${verb}`, { body: {} });
      expect([reply.status, jsonOf(reply)]).toMatchObject([404, { errors: [{ code: 'NAME_UNKNOWN' }] }]);
    }
  });
});

describe('prefetch', () => {
  test('fetches what is upstream and says how it goes; what fails stops no other', async () => {
    const image = await seedImage(both.upstream, 'team/wanted', '1', { layers: [100_000, 2_000] });
    const reply = await ask('/api/v1/prefetch', {
      body: { images: ['team/none:1', 'localhost/team/wanted:1'] },
    });
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/x-ndjson']);
    const events = linesOf(reply);
    expect(events[0]).toMatchObject({ image: 'team/none:1', kind: 'failed' });
    expect(events.at(-1)).toMatchObject({ image: 'localhost/team/wanted:1', kind: 'done', blobs: 3 });

    await both.upstream.ask('/v2/'); // It is still there; what follows is answered from the cache all the same.
    const authorization = basic(gateway.admin);
    for (const { digest, bytes } of [...image.layers, image.config]) {
      const head = await gateway.ask(`/v2/team/wanted/blobs/${digest}`, {
        headers: { authorization },
        method: 'HEAD',
      });
      expect([head.status, head.headers['content-length']]).toEqual([200, String(bytes.length)]);
    }
    const again = linesOf(await ask('/api/v1/prefetch', { body: { images: ['team/wanted:1'] } }));
    expect(again.at(-1)).toMatchObject({ kind: 'done', blobs: 0, held: 3 });
  });

  test('ends when the client leaves', async () => {
    await seedImage(both.upstream, 'team/long', '1', { layers: [1000] });
    const images = Array.from({ length: 2000 }, () => 'team/long:1');
    const { url, ca } = gateway;
    const sent = https.request(new URL('/api/v1/prefetch', url), {
      ca,
      method: 'POST',
      agent: false,
      headers: { authorization: basic(gateway.admin), 'content-type': 'application/json' },
    });
    sent.on('error', () => undefined).end(JSON.stringify({ images }));
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    await once(reply, 'data');
    const entry = gateway.logged({ status: 200, headers: reply.headers, body: Buffer.alloc(0) });
    sent.destroy();
    expect(await entry).toMatchObject({ path: '/api/v1/prefetch', complete: false, user: 'admin' });
  });
});
