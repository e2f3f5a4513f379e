import https from 'node:https';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import type { Ask, Reply } from '../support/http-request.ts';
import { digestOf, makeImage, type Blob, type Image } from '../support/image.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage, type Target } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const dev = { user: 'dev', password: 'password of dev' };
/** The address from which X-Forwarded-* is believed. */
const trustedProxy = '127.0.0.2';

let place: Place;
let upstream: Upstream;
let gateway: LocalGateway;

async function start(): Promise<void> {
  place = await createLoopback();
  upstream = await createUpstream(place);
  const [hub, hosted, group, once] = [await freePort(), await freePort(), await freePort(), await freePort()];
  gateway = await startLocalGateway(place, {
    hosts: { localhost: { read: 'group', write: 'hosted' } },
    repositories: {
      hosted: { type: 'hosted' },
      once: { type: 'hosted', deployment: 'once' },
      hub: {
        type: 'proxy',
        upstream: upstream.url,
        prefix: 'docker.io',
        tagMaxAge: '1h',
        notFoundMaxAge: '1h',
      },
      group: { type: 'group', members: ['hosted', 'hub'], writable: 'hosted' },
    },
    connectors: {
      [hub]: { repository: 'hub' },
      [hosted]: { repository: 'hosted' },
      [group]: { repository: 'group' },
      [once]: { repository: 'once' },
    },
    auth: { roles: { developers: [{ names: ['team/**'], actions: ['pull', 'push', 'delete'] }] } },
    trustedProxies: [trustedProxy],
  });
  await gateway.addUser(dev.user, dev.password, 'developers');
}

async function stop(): Promise<void> {
  await gateway.stop();
  await place.close();
}

/** A request with credentials; by default admin's token for pulling `name`. */
const asking =
  (name: string, actions: string, target: Pick<LocalGateway, 'ask' | 'token'> = gateway) =>
  async (path: string, ask: Ask = {}): Promise<Reply> => {
    const authorization = await target.token([`repository:${name}:${actions}`]);
    return target.ask(`/v2/${name}/${path}`, { ...ask, headers: { ...ask.headers, authorization } });
  };
const pulling = (name: string, target?: Pick<LocalGateway, 'ask' | 'token'>) => asking(name, 'pull', target);
const pushing = (name: string, target?: Pick<LocalGateway, 'ask' | 'token'>) =>
  asking(name, 'pull,push', target);

type Asking = ReturnType<typeof asking>;

const blobsOf = ({ layers, config }: Image): readonly Blob[] => [...layers, config];

/** Puts the manifest of an image, and nothing else. */
const putManifest = (ask: Asking, reference: string, { manifest }: Image): Promise<Reply> =>
  ask(`manifests/${reference}`, {
    method: 'PUT',
    headers: { 'content-type': manifest.mediaType },
    body: manifest.bytes,
  });

/** Pulls a whole image and holds every byte against the original. */
async function pullWhole(ask: Asking, reference: string, image: Image): Promise<Reply> {
  const manifest = await ask(`manifests/${reference}`);
  expect([manifest.status, manifest.body]).toEqual([200, image.manifest.bytes]);
  for (const { digest, bytes } of blobsOf(image)) {
    const blob = await ask(`blobs/${digest}`);
    expect([blob.status, blob.body.equals(bytes)]).toEqual([200, true]);
  }
  return manifest;
}

const errorOf = ({ status, body }: Reply): unknown => {
  const { errors } = JSON.parse(body.toString()) as { errors: { code: string }[] };
  return `${status} ${errors.map(({ code }) => code).join()}`;
};

const memberOf = ({ headers }: Reply): unknown => headers['dockgate-member'];

describeWith(['docker-registry'], 'one hostname for reads and writes', () => {
  beforeAll(start);
  afterAll(stop);

  test('T1: what only the cache holds is promised to a pusher, adopted, and stays', async () => {
    const name = 'library/t1';
    const image = await seedImage(upstream, name, '1');
    await pullWhole(pulling(name), '1', image);
    await upstream.forget();

    const push = pushing(name);
    for (const { digest, bytes } of blobsOf(image)) {
      const head = await push(`blobs/${digest}`, { method: 'HEAD' });
      expect([head.status, head.headers['content-length']]).toEqual([200, String(bytes.length)]);
    }
    const put = await putManifest(push, 'mine', image);
    expect(put.status).toBe(201);
    expect(await gateway.logged(put)).toMatchObject({ repository: 'hosted', adopted: 2 });
    expect(await upstream.requests()).toEqual([]);

    await upstream.stop();
    try {
      expect(memberOf(await pullWhole(pulling(name), 'mine', image))).toBe('hosted');
      // Where there is no cache to help.
      await pullWhole(pulling(name, gateway.connector('hosted')), 'mine', image);
    } finally {
      await upstream.start();
    }
  });

  test('T1: what nobody holds is not promised, and the refusal lists each digest', async () => {
    const image = makeImage({ layers: [100, 100] });
    const push = pushing('library/t1-missing');
    for (const { digest } of blobsOf(image))
      expect((await push(`blobs/${digest}`, { method: 'HEAD' })).status).toBe(404);
    const put = await putManifest(push, '1', image);
    expect(errorOf(put)).toBe('404 MANIFEST_BLOB_UNKNOWN');
    for (const { digest } of blobsOf(image)) expect(put.body.toString()).toContain(digest);
    expect((await push('manifests/1', { method: 'HEAD' })).status).toBe(404);
  });

  test('T2: a pusher sees what hosted has, by tag and by digest, and nothing else', async () => {
    const name = 'library/t2';
    const image = await seedImage(upstream, name, '1');
    await pullWhole(pulling(name), '1', image);
    await upstream.forget();
    const push = pushing(name);
    const authorization = basic(gateway.admin);
    for (const reference of ['1', image.manifest.digest]) {
      const path = `manifests/${reference}`;
      expect((await push(path, { method: 'HEAD' })).status).toBe(404);
      expect(
        (await gateway.ask(`/v2/${name}/${path}`, { method: 'HEAD', headers: { authorization } })).status,
      ).toBe(404);
      expect((await pulling(name)(path, { method: 'HEAD' })).status).toBe(200);
    }
    expect((await putManifest(push, '1', image)).status).toBe(201);
    for (const reference of ['1', image.manifest.digest]) {
      const head = await push(`manifests/${reference}`, { method: 'HEAD' });
      expect([head.status, memberOf(head)]).toEqual([200, 'hosted']);
    }
    expect(await upstream.requests()).toEqual([]);
  });

  test.each(['runs and is not asked', 'is down and is not missed'])(
    'T3: a whole push while the upstream %s',
    async (state) => {
      const target: Target = gateway;
      if (state.startsWith('is down')) await upstream.stop();
      await upstream.forget();
      try {
        const name = `library/t3-${state.split(' ', 1)[0] ?? ''}`;
        const push = pushing(name);
        const image = makeImage();
        for (const { digest } of blobsOf(image))
          expect((await push(`blobs/${digest}`, { method: 'HEAD' })).status).toBe(404);
        expect((await push('manifests/1', { method: 'HEAD' })).status).toBe(404);
        const sent = await seedImage(target, name, '1');
        for (const { digest } of blobsOf(sent))
          expect((await push(`blobs/${digest}`, { method: 'HEAD' })).status).toBe(200);
        expect((await push('manifests/1', { method: 'HEAD' })).status).toBe(200);
      } finally {
        if (state.startsWith('is down')) await upstream.start();
      }
      expect(await upstream.requests()).toEqual([]);
    },
  );

  test('T4: HEAD and GET agree in every header, and HEAD has no body', async () => {
    const [own, other] = ['library/t4-own', 'library/t4-other'];
    const pushed = await seedImage(gateway, own, '1');
    const cached = await seedImage(upstream, other, '1');
    const blob = ({ layers }: Image): string => `blobs/${layers[0]?.digest ?? ''}`;
    const cases = [
      [own, 'manifests/1'],
      [own, `manifests/${pushed.manifest.digest}`],
      [own, blob(pushed)],
      [own, 'tags/list'],
      [own, 'tags/list?n=0'],
      [other, 'manifests/1'],
      [other, `manifests/${cached.manifest.digest}`],
      [other, blob(cached)], // the first HEAD is answered by the upstream
      [other, blob(cached)],
      [own, 'manifests/none'],
      [own, `manifests/${digestOf('none')}`],
      [own, `blobs/${digestOf('none')}`],
      ['library/none', 'tags/list'],
      [own, 'manifests/sha256:1'],
    ] as const;
    for (const [name, path] of cases) {
      const ask = pulling(name);
      const [head, get] = [await ask(path, { method: 'HEAD' }), await ask(path)];
      expect([path, head.status, comparable(head)]).toEqual([path, get.status, comparable(get)]);
      expect(head.body).toHaveLength(0);
      expect(get.body).toHaveLength(Number(head.headers['content-length']));
    }
    const known = { 'if-none-match': `"${pushed.layers[0]?.digest ?? ''}"` };
    const unchanged = [
      await pulling(own)(blob(pushed), { method: 'HEAD', headers: known }),
      await pulling(own)(blob(pushed), { headers: known }),
    ].map((reply) => [reply.status, comparable(reply)]);
    expect(unchanged[0]?.[0]).toBe(304);
    expect(unchanged[0]).toEqual(unchanged[1]);
    // A range is of GET alone: RFC 9110 14.2.
    const ranged = { method: 'HEAD', headers: { range: 'bytes=5-9' } };
    expect((await pulling(own)(blob(pushed), ranged)).status).toBe(200);
  });

  test('T5: every method of an upload session goes to hosted', async () => {
    const push = pushing('team/t5');
    await upstream.forget();
    const begun = await push('blobs/uploads/', { method: 'POST' });
    const session = (begun.headers.location ?? '').replace('/v2/team/t5/', '');
    expect((await push(session, { method: 'PATCH', body: '12345' })).status).toBe(202);
    for (const method of ['GET', 'HEAD']) {
      const status = await push(session, { method });
      expect([status.status, status.headers.range]).toEqual([204, '0-4']);
      expect(await gateway.logged(status)).toMatchObject({ repository: 'hosted' });
    }
    const pull = await pulling('team/t5')(session);
    expect(errorOf(pull)).toBe('401 UNAUTHORIZED');
    expect(pull.headers['www-authenticate']).toContain('insufficient_scope');
    expect(errorOf(await pushing('team/t5-other')(session))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    expect((await push(session, { method: 'DELETE' })).status).toBe(204);
    for (const method of ['GET', 'PATCH', 'DELETE'])
      expect(errorOf(await push(session, { method }))).toBe('404 BLOB_UPLOAD_UNKNOWN');
    expect(await upstream.requests()).toEqual([]);
  });

  test('T6: a mount is a 201 when it can be, else a session, and never a refusal', async () => {
    const cached = await seedImage(upstream, 'library/t6', '1');
    await pullWhole(pulling('library/t6'), '1', cached);
    const own = await seedImage(gateway, 'team/t6-source', '1');
    const secret = await seedImage(gateway, 'secret/t6', '1');
    const digest = ({ layers }: Image): string => layers[0]?.digest ?? '';
    const devs = await gateway.token(
      ['repository:team/t6:pull,push', 'repository:team/t6-source:pull', 'repository:secret/t6:pull'],
      basic(dev),
    );
    const admins = await gateway.token(['repository:team/t6:pull,push', 'repository:library/t6:pull']);
    const basics = [basic(dev), basic(gateway.admin)];
    const cases = [
      [201, admins, `mount=${digest(cached)}&from=library/t6`], // held by the proxy alone
      [201, admins, `mount=${digest(cached)}&from=t6`], // T19
      [201, basics[1], `mount=${digest(cached)}`],
      [201, devs, `mount=${digest(own)}&from=team/t6-source`],
      [201, basics[0], `mount=${digest(own)}&from=team/t6-source`],
      [201, basics[0], `mount=${digest(own)}`],
      [202, devs, `mount=${digest(secret)}&from=secret/t6`], // may not pull that
      [202, basics[0], `mount=${digest(secret)}&from=secret/t6`],
      [202, basics[0], `mount=${digest(secret)}`],
      [202, devs, `mount=${digestOf('nowhere')}&from=team/t6-source`],
      [202, devs, `mount=${digest(own)}&from=team/none`],
      [202, devs, `mount=${digest(secret)}&from=team/t6-source`], // held, but not under that name
      [202, devs, `mount=${digest(own)}&from=NOT/A/NAME`],
    ] as const;
    await upstream.forget();
    for (const [status, authorization = '', query] of cases) {
      const path = `/v2/team/t6/blobs/uploads/?${query}`;
      const reply = await gateway.ask(path, { method: 'POST', headers: { authorization } });
      expect([query, reply.status]).toEqual([query, status]);
      const where = status === 201 ? /^\/v2\/team\/t6\/blobs\/sha256:/ : /^\/v2\/team\/t6\/blobs\/uploads\/./;
      expect(reply.headers.location).toMatch(where);
    }
    expect(await upstream.requests()).toEqual([]);
    expect((await pulling('team/t6')(`blobs/${digest(cached)}`)).status).toBe(200);
    expect((await pulling('team/t6')(`blobs/${digest(secret)}`)).status).toBe(404);
  });

  test.each([
    ['GET without credentials', 401, 'UNAUTHORIZED', { headers: {} }],
    [
      'GET with a wrong password',
      401,
      'UNAUTHORIZED',
      { headers: { authorization: basic({ ...dev, password: 'x' }) } },
    ],
    [
      'GET of a stranger',
      401,
      'UNAUTHORIZED',
      { headers: { authorization: basic({ user: 'x', password: 'x' }) } },
    ],
    ['GET with broken Basic', 401, 'UNAUTHORIZED', { headers: { authorization: 'Basic %%%' } }],
    ['GET with Basic that is empty', 401, 'UNAUTHORIZED', { headers: { authorization: 'Basic ' } }],
    ['GET with Digest', 401, 'UNAUTHORIZED', { headers: { authorization: 'Digest username="x"' } }],
    ['GET with a token', 401, 'UNAUTHORIZED', { headers: { authorization: 'Bearer x' } }],
    ['POST without a form', 400, 'invalid_request', { method: 'POST' }],
    ['POST with JSON', 400, 'invalid_request', { method: 'POST', body: '{"grant_type":"password"}' }],
    [
      'POST without a password',
      400,
      'invalid_request',
      { method: 'POST', body: 'grant_type=password&username=dev' },
    ],
    [
      'POST with a wrong password',
      401,
      'UNAUTHORIZED',
      { method: 'POST', body: 'grant_type=password&username=dev&password=x' },
    ],
    [
      'POST of a refresh token',
      400,
      'unsupported_grant_type',
      { method: 'POST', body: 'grant_type=refresh_token&refresh_token=x' },
    ],
    ['POST of a large form', 413, 'SIZE_INVALID', { method: 'POST', body: 'x'.repeat(100_000) }],
    ['PUT', 405, 'UNSUPPORTED', { method: 'PUT' }],
    ['PATCH', 405, 'UNSUPPORTED', { method: 'PATCH' }],
    ['DELETE', 405, 'UNSUPPORTED', { method: 'DELETE' }],
    ['OPTIONS', 405, 'UNSUPPORTED', { method: 'OPTIONS' }],
  ] as const)('T7: the token service answers a %s with JSON: %i %s', async (_, status, code, ask) => {
    const reply = await gateway.ask('/v2/token?service=x&scope=repository:team/x:pull', ask);
    expect([reply.status, reply.headers['content-type']]).toEqual([status, 'application/json']);
    const json = JSON.parse(reply.body.toString()) as { error?: string; errors?: { code: string }[] };
    expect(json.error ?? json.errors?.[0]?.code).toBe(code);
  });

  test.each([
    ['GET', '?offline_token=true&account=dev&client_id=docker&service=x', undefined],
    ['GET', '?scope=repository:team/x:pull&scope=repository:team/x:*&scope=what&scope=', undefined],
    [
      'POST',
      '',
      `grant_type=password&username=${dev.user}&password=${encodeURIComponent(dev.password)}&access_type=offline`,
    ],
  ])('T7: and a good %s%s with a token', async (method, query, body) => {
    const headers = body === undefined ? { authorization: basic(dev) } : {};
    const ask = { method, headers, ...(body !== undefined && { body }) };
    const reply = await gateway.ask(`/v2/token${query}`, ask);
    expect([reply.status, reply.headers['content-type']]).toEqual([200, 'application/json']);
    const json = JSON.parse(reply.body.toString()) as Record<string, unknown>;
    expect(json.token).toBe(json.access_token);
    expect(json.expires_in).toBeGreaterThanOrEqual(60);
    expect(json.issued_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    // docker would keep it instead of the password.
    expect(json).not.toHaveProperty('refresh_token');
    const authorization = `Bearer ${String(json.token)}`;
    expect((await gateway.ask('/v2/', { headers: { authorization } })).status).toBe(200);
  });

  test('T9: Location and Link are relative, whatever the port', async () => {
    const name = 'team/t9';
    for (const target of [gateway, gateway.connector('hosted'), gateway.connector('group')]) {
      const push = pushing(name, target);
      const image = await seedImage(target, name, '1');
      await seedImage(target, name, '2');
      const [{ digest, bytes } = { digest: '', bytes: Buffer.of() }] = image.layers;
      const begun = await push('blobs/uploads/', { method: 'POST' });
      const session = (begun.headers.location ?? '').replace(`/v2/${name}/`, '');
      const patched = await push(session, { method: 'PATCH', body: bytes });
      const locations = [
        begun,
        patched,
        await push(session),
        await push(`${session}?digest=${digest}`, { method: 'PUT' }),
        await push(`blobs/uploads/?digest=${digest}`, { method: 'POST', body: bytes }),
        await push(`blobs/uploads/?mount=${digest}&from=${name}`, { method: 'POST' }),
        await putManifest(push, '1', image),
      ].map(({ headers }) => headers.location);
      for (const location of locations) expect(location).toMatch(/^\/v2\/team\/t9\/(blobs|manifests)\//);

      const catalog = await target.token(['registry:catalog:*']);
      const links = [
        await push('tags/list?n=1'),
        await target.ask('/v2/_catalog?n=1', { headers: { authorization: catalog } }),
      ].map(({ headers }) => headers.link);
      for (const link of links) expect(link).toMatch(/^<\/v2\/[^>]*>; rel="next"$/);
    }
  });

  test.each(['localhost', 'idocker.test', 'idocker.test:8443', '[::1]:5000', '10.0.0.1'])(
    'T9: the realm is at %s when the client is, and follows the scheme of the port',
    async (host) => {
      const forged = { 'x-forwarded-proto': 'gopher', 'x-forwarded-host': 'evil.test' };
      for (const [target, scheme] of [
        [gateway, 'https'],
        [gateway.connector('hub'), 'http'],
      ] as const) {
        const reply = await target.ask('/v2/', { headers: { host, ...forged } });
        expect([reply.status, realmOf(reply.headers)]).toEqual([401, `${scheme}://${host}/v2/token`]);
      }
    },
  );

  test.each([
    ['127.0.0.1', {}, 'https://localhost'],
    ['127.0.0.1', { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'evil.test' }, 'https://localhost'],
    ['127.0.0.1', { forwarded: 'host=evil.test;proto=http' }, 'https://localhost'],
    [trustedProxy, {}, 'https://localhost'],
    [trustedProxy, { 'x-forwarded-host': 'public.test:8443' }, 'https://public.test:8443'],
    [trustedProxy, { 'x-forwarded-proto': 'http', 'x-forwarded-host': 'public.test' }, 'http://public.test'],
    [trustedProxy, { 'x-forwarded-host': 'evil.test, public.test' }, 'https://public.test'],
  ])('T9: a request from %s with %j has its realm at %s', async (localAddress, headers, origin) => {
    const options = {
      host: '127.0.0.1',
      localAddress,
      servername: 'localhost',
      ca: gateway.ca ?? '',
      agent: false,
    };
    const sent = https.get({
      ...options,
      port: gateway.port,
      path: '/v2/',
      headers: { host: 'localhost', ...headers },
    });
    const [reply] = (await once(sent, 'response')) as [IncomingMessage];
    reply.resume();
    expect([reply.statusCode, realmOf(reply.headers)]).toEqual([401, `${origin}/v2/token`]);
  });

  test('T10: a negative answer does not outlive a push', async () => {
    const name = 'library/t10';
    const pull = pulling(name);
    const asked = async (tag: string): Promise<number> =>
      (await upstream.requests()).filter(({ path }) => path === `/v2/${name}/manifests/${tag}`).length;
    await upstream.forget();
    for (const tag of ['1', '2', '1', '2']) {
      expect(errorOf(await pull(`manifests/${tag}`))).toBe('404 MANIFEST_UNKNOWN');
    }
    expect([await asked('1'), await asked('2')]).toEqual([1, 1]); // it is remembered
    const pushed = await seedImage(gateway, name, '1');
    expect(memberOf(await pullWhole(pull, '1', pushed))).toBe('hosted');
    // The push also ended what is remembered of other tags of the name.
    const other = await seedImage(upstream, name, '2');
    expect(memberOf(await pullWhole(pull, '2', other))).toBe('hub');
  });

  test('T11: a digest is served only under a name that references it', async () => {
    const pushed = await seedImage(gateway, 'team/t11', '1');
    const cached = await seedImage(upstream, 'library/t11', '1');
    await pullWhole(pulling('library/t11'), '1', cached);
    const doors = [
      gateway,
      gateway.connector('group'),
      gateway.connector('hosted'),
      gateway.connector('hub'),
    ];
    for (const target of doors) {
      for (const { manifest, layers } of [pushed, cached]) {
        for (const path of [`blobs/${layers[0]?.digest ?? ''}`, `manifests/${manifest.digest}`]) {
          for (const method of ['GET', 'HEAD']) {
            for (const ask of [pulling('library/t11-other', target), pushing('team/t11-other', target)])
              expect([target.url, path, (await ask(path, { method })).status]).toEqual([
                target.url,
                path,
                404,
              ]);
          }
        }
      }
    }
    // Neither is what another repository holds under the very name.
    const [blob, manifest] = [
      `blobs/${cached.layers[0]?.digest ?? ''}`,
      `manifests/${cached.manifest.digest}`,
    ];
    for (const path of [blob, manifest])
      expect((await pulling('library/t11', gateway.connector('hosted'))(path)).status).toBe(404);
  });

  test('T12: a tag is resolved once, and all that follows is of its digest', async () => {
    const name = 'library/t12';
    const [first, second] = [await seedImage(upstream, name, '1'), makeImage()];
    const pull = pulling(name);
    const head = await pull('manifests/1', { method: 'HEAD' });
    expect([head.headers['docker-content-digest'], memberOf(head)]).toEqual([first.manifest.digest, 'hub']);
    // The tag moves: upstream, and then by a push.
    await seedImage(upstream, name, '1');
    const pushed = await seedImage(gateway, name, '1');
    expect(pushed.manifest.digest).not.toBe(second.manifest.digest);
    await pullWhole(pull, first.manifest.digest, first);
    for (const method of ['HEAD', 'GET']) {
      const now = await pull('manifests/1', { method });
      expect([now.headers['docker-content-digest'], memberOf(now)]).toEqual([
        pushed.manifest.digest,
        'hosted',
      ]);
    }
    await pullWhole(pull, '1', pushed);
    await pullWhole(pull, pushed.manifest.digest, pushed);
  });

  test('T17: "once" is about tags: blobs, the same digest again, and concurrent pushes of it', async () => {
    const target = gateway.connector('once');
    const name = 'team/t17';
    const image = await seedImage(target, name, '1');
    const push = pushing(name, target);
    for (const { digest, bytes } of blobsOf(image)) {
      expect((await push(`blobs/${digest}`, { method: 'HEAD' })).status).toBe(200);
      const again = await push(`blobs/uploads/?digest=${digest}`, { method: 'POST', body: bytes });
      expect(again.status).toBe(201);
    }
    const same = Array.from({ length: 4 }, () => putManifest(push, '1', image));
    for (const reply of await Promise.all(same)) expect(reply.status).toBe(201);
    const fresh = Array.from({ length: 4 }, () => putManifest(push, '2', image));
    for (const reply of await Promise.all(fresh)) expect(reply.status).toBe(201);

    const other = await seedImage(target, name, 'other');
    const refused = await putManifest(push, '1', other);
    expect(errorOf(refused)).toBe('403 DENIED');
    expect(refused.body.toString()).toContain('tag 1');
    await pullWhole(pulling(name, target), '1', image);

    const race = [image, other, image, other].map((each) => putManifest(push, '3', each));
    const statuses = (await Promise.all(race)).map(({ status }) => status).sort();
    expect(statuses).toEqual([201, 201, 403, 403]);
  });

  test.each(['t19', 'library/t19'])('T19: what is pushed as %s is read by both names', async (name) => {
    const image = await seedImage(gateway, name, '1');
    for (const asked of ['t19', 'library/t19']) {
      expect(memberOf(await pullWhole(pulling(asked), '1', image))).toBe('hosted');
      await pullWhole(pulling(asked), image.manifest.digest, image);
      const tags = await pulling(asked)('tags/list');
      expect(JSON.parse(tags.body.toString())).toEqual({ name: asked, tags: ['1'] });
    }
    const authorization = await gateway.token(['registry:catalog:*']);
    const catalog = await gateway.ask('/v2/_catalog', { headers: { authorization } });
    const { repositories } = JSON.parse(catalog.body.toString()) as { repositories: string[] };
    expect(repositories.filter((each) => each.endsWith('t19'))).toEqual([name]);
    // Nothing is deleted under the other name.
    const other = name === 't19' ? 'library/t19' : 't19';
    expect(errorOf(await asking(other, 'delete')('manifests/1', { method: 'DELETE' }))).toBe(
      '404 MANIFEST_UNKNOWN',
    );
    expect(
      (await asking(name, 'delete')(`manifests/${image.manifest.digest}`, { method: 'DELETE' })).status,
    ).toBe(202);
  });

  test('T19: the upstream is asked for its own form, and once for both', async () => {
    const image = await seedImage(upstream, 'library/t19-hub', '1');
    await upstream.forget();
    for (const asked of ['t19-hub', 'library/t19-hub', 'docker.io/t19-hub', 'docker.io/library/t19-hub'])
      expect(memberOf(await pullWhole(pulling(asked), '1', image))).toBe('hub');
    const paths = (await upstream.requests()).map(({ path }) => path).filter((path) => path !== '/v2/');
    expect(paths.sort()).toEqual(
      [
        `/v2/library/t19-hub/manifests/1`,
        ...blobsOf(image).map(({ digest }) => `/v2/library/t19-hub/blobs/${digest}`),
      ].sort(),
    );
  });
});

/** Everything that HEAD and GET of the same must have in common; the clock may move between them. */
function comparable({ headers }: Reply): Record<string, unknown> {
  const { date, 'x-request-id': id, age, ...rest } = headers;
  return { ...rest, has: [typeof date, typeof id, typeof age] };
}

function realmOf(headers: Reply['headers']): string | undefined {
  const challenges = headers['www-authenticate'] ?? '';
  expect(challenges.match(/Bearer /g)).toHaveLength(1);
  return /realm="([^"]*)"/.exec(challenges)?.[1];
}

describeWith(['docker-registry'], 'a registry that lets everybody pull', () => {
  let open: LocalGateway;
  let somewhere: Place;
  beforeAll(async () => {
    somewhere = await createLoopback();
    open = await startLocalGateway(somewhere, {
      hosts: { localhost: { read: 'hosted', write: 'hosted' } },
      repositories: { hosted: { type: 'hosted' } },
      auth: { anonymous: 'pull' },
    });
  });
  afterAll(async () => {
    await open.stop();
    await somewhere.close();
  });

  test('T8: still asks everybody for credentials, and gives out tokens that only pull', async () => {
    const image = await seedImage(open, 'team/t8', '1');
    for (const path of ['/v2/', '/v2/team/t8/manifests/1', '/v2/_catalog']) {
      const reply = await open.ask(path);
      expect(errorOf(reply)).toBe('401 UNAUTHORIZED');
      expect(realmOf(reply.headers)).toBe(`${open.url}/v2/token`);
    }
    const empty = await open.token([], '');
    expect((await open.ask('/v2/', { headers: { authorization: empty } })).status).toBe(200);

    const authorization = await open.token(['repository:team/t8:pull,push,delete'], '');
    const ask: Asking = (path, options) =>
      open.ask(`/v2/team/t8/${path}`, { ...options, headers: { ...options?.headers, authorization } });
    await pullWhole(ask, '1', image);
    for (const [method, path] of [
      ['POST', 'blobs/uploads/'],
      ['PUT', 'manifests/1'],
      ['DELETE', 'manifests/1'],
    ] as const) {
      const refused = await ask(path, { method });
      expect(errorOf(refused)).toBe('401 UNAUTHORIZED');
      expect(refused.headers['www-authenticate']).toContain('insufficient_scope');
    }
    // Wrong credentials are not taken for none.
    const wrong = { authorization: basic({ user: 'admin', password: 'x' }) };
    for (const path of ['/v2/', '/v2/token', '/v2/team/t8/manifests/1'])
      expect((await open.ask(path, { headers: wrong })).status).toBe(401);
  });
});
