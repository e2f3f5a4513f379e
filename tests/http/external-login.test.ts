import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { digestOf, type Image } from '../support/image.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { basic } from '../support/realm.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const account = { user: 'robot', password: 'of the backend' };
const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json';

describeWith(['docker-registry', 'htpasswd'], 'the login of hosts with external registries', () => {
  let place: Place;
  let open: Upstream;
  let guarded: Upstream;
  let tokens: Upstream;
  let gateway: LocalGateway;

  beforeAll(async () => {
    place = await createLoopback();
    [open, guarded, tokens] = await Promise.all([
      createUpstream(place),
      createUpstream(place, { auth: { type: 'basic', account } }),
      createUpstream(place, { auth: { type: 'token', account } }),
    ]);
    const { user: username, password } = account;
    const own = { login: 'gateway', username, password };
    gateway = await startLocalGateway(place, {
      hosts: {
        localhost: { read: 'other', write: 'other' },
        'own.test': { read: 'docker-hosted', write: 'docker-hosted' },
        'basic.test': { read: guarded.url, write: guarded.url },
        'halves.test': { read: open.url, write: guarded.url },
        'apart.test': { read: guarded.url, write: tokens.url, ...own },
        'wrong.test': { read: guarded.url, write: guarded.url, ...own, password: 'no' },
        'front.test': { read: 'other', write: tokens.url, username, password },
        'back.test': { read: guarded.url, write: 'docker-hosted', username, password },
      },
      repositories: { 'docker-hosted': { type: 'hosted' }, other: { type: 'hosted' } },
    });
  });
  afterAll(async () => {
    await gateway.stop();
    await place.close();
  });

  const at = (host: string, authorization: string | undefined) => ({
    ask: (path: string, method = 'GET', body?: Buffer, type?: string) =>
      gateway.ask(path, {
        method,
        headers: {
          host,
          accept,
          ...(authorization !== undefined && { authorization }),
          ...(type !== undefined && { 'content-type': type }),
        },
        ...(body && { body }),
      }),
  });
  const put = (host: string, authorization: string, name: string, { manifest }: Image) =>
    at(host, authorization).ask(`/v2/${name}/manifests/1`, 'PUT', manifest.bytes, manifest.mediaType);
  const held = async (registry: Upstream, name: string) => {
    const authorization = await registry.authorization?.(name);
    const headers = { accept, ...(authorization !== undefined && { authorization }) };
    return gateway.ask(`${registry.url}/v2/${name}/manifests/1`, { headers });
  };

  describe('passed through', () => {
    test('is asked for by whoever of the two wants one', async () => {
      const reply = await at('halves.test', undefined).ask('/v2/');
      expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Basic realm="upstream"']);
      expect(JSON.parse(reply.body.toString())).toHaveProperty('errors');
      expect((await at('halves.test', basic(account)).ask('/v2/')).status).toBe(200);
      expect((await at('basic.test', basic({ ...account, password: 'no' })).ask('/v2/')).status).toBe(401);
    });

    test('what is brought over is written with the login of who pushes', async () => {
      const image = await seedImage(open, 'team/app', '1');
      const anonymous = await at('halves.test', undefined).ask(
        '/v2/team/app/manifests/1',
        'PUT',
        image.manifest.bytes,
        image.manifest.mediaType,
      );
      expect([anonymous.status, anonymous.headers['www-authenticate']]).toEqual([
        401,
        'Basic realm="upstream"',
      ]);
      expect((await put('halves.test', basic(account), 'team/app', image)).status).toBe(201);
      expect((await held(guarded, 'team/app')).body).toEqual(image.manifest.bytes);
    });
  });

  describe('terminated here', () => {
    const push = ['repository:team/x:pull,push'];

    test('asks for our tokens, and shows the backends another login', async () => {
      const reply = await at('apart.test', undefined).ask('/v2/');
      expect([reply.status, reply.headers['www-authenticate']]).toEqual([
        401,
        expect.stringContaining('Bearer realm="https://apart.test/v2/token"'),
      ]);
      expect((await at('apart.test', basic(account)).ask('/v2/')).status).toBe(401);
      const image = await seedImage(guarded, 'team/x', '1');
      const bearer = await gateway.token(push);
      expect((await at('apart.test', bearer).ask('/v2/team/x/manifests/1')).body).toEqual(
        image.manifest.bytes,
      );
      const [layer] = image.layers;
      const head = await at('apart.test', bearer).ask(`/v2/team/x/blobs/${layer?.digest ?? ''}`, 'HEAD');
      expect(head.status).toBe(200);
      expect((await put('apart.test', bearer, 'team/x', image)).status).toBe(201);
      expect((await held(tokens, 'team/x')).body).toEqual(image.manifest.bytes);
    });

    test('lets nobody push who may only pull, and passes uploads of who may on with our login', async () => {
      const bearer = await gateway.token(['repository:team/x:pull']);
      expect((await at('apart.test', bearer).ask('/v2/team/x/blobs/uploads/', 'POST')).status).toBe(401);
      const session = await at('apart.test', await gateway.token(push)).ask(
        '/v2/team/x/blobs/uploads/',
        'POST',
      );
      expect(session.status).toBe(202);
      const { pathname, search } = new URL(session.headers.location ?? '', 'https://apart.test');
      const blob = Buffer.from('a blob of the client');
      const path = `${pathname}${search}&digest=${digestOf(blob)}`;
      const done = await at('apart.test', await gateway.token(push)).ask(
        path,
        'PUT',
        blob,
        'application/octet-stream',
      );
      expect(done.status).toBe(201);
    });

    test('a backend that refuses the configured login is no fault of the client', async () => {
      const reply = await at('wrong.test', await gateway.token(push)).ask('/v2/team/x/manifests/1');
      expect([reply.status, reply.headers['www-authenticate']]).toEqual([502, undefined]);
      expect(reply.body.toString()).toContain('refused the login of the gateway');
      expect((await gateway.logged(reply)).fault).toContain('refused');
    });
  });

  describe('beside a repository of ours', () => {
    const scopes = ['repository:team/mixed:pull,push'];

    test('layers that a repository of ours has are brought to the external one', async () => {
      const image = await seedImage(gateway, 'team/mixed', '1', { layers: [2_500_000, 10] });
      const bearer = await gateway.token(scopes);
      for (const { digest } of image.layers)
        expect((await at('front.test', bearer).ask(`/v2/team/mixed/blobs/${digest}`, 'HEAD')).status).toBe(
          200,
        );
      // Who pushes is told of the repository that takes the push, as everywhere.
      expect((await at('front.test', bearer).ask('/v2/team/mixed/manifests/1', 'HEAD')).status).toBe(404);
      const reply = await put('front.test', bearer, 'team/mixed', image);
      expect(reply.status).toBe(201);
      expect((await held(tokens, 'team/mixed')).body).toEqual(image.manifest.bytes);
    });

    test('layers that the external registry has are stored in a repository of ours', async () => {
      const image = await seedImage(guarded, 'team/mixed', '1', { layers: [2_500_000, 10] });
      const bearer = await gateway.token(scopes);
      for (const { digest } of image.layers)
        expect((await at('back.test', bearer).ask(`/v2/team/mixed/blobs/${digest}`, 'HEAD')).status).toBe(
          200,
        );
      const reply = await put('back.test', bearer, 'team/mixed', image);
      expect(reply.status).toBe(201);
      expect((await gateway.logged(reply)).adopted).toBe(3);
      for (const { digest, bytes } of image.layers) {
        const stored = await at('own.test', bearer).ask(`/v2/team/mixed/blobs/${digest}`);
        expect(stored.body).toEqual(bytes);
      }
    });
  });
});
