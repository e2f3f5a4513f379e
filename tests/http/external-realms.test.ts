import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { startNexusLike } from '../support/nexus-like.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { succeeded } from '../support/process.ts';
import { basic } from '../support/realm.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage } from '../support/seed-image.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const account = { user: 'robot', password: 'of the backend' };
const accept = 'application/vnd.oci.image.manifest.v1+json';

describeWith(
  ['docker-registry', 'nginx', 'skopeo'],
  'registries under a path, with token services of their own',
  () => {
    let place: Place;
    let group: Upstream;
    let hosted: Upstream;
    let gateway: LocalGateway;
    let other: LocalGateway;

    beforeAll(async () => {
      place = await createLoopback();
      const auth = { type: 'token', account } as const;
      [group, hosted] = await Promise.all([createUpstream(place, { auth }), createUpstream(place, { auth })]);
      const realmOf = async ({ url }: Upstream): Promise<string> => {
        const reply = await fetch(`${url}/v2/`);
        return /realm="([^"]*)"/.exec(reply.headers.get('www-authenticate') ?? '')?.[1] ?? '';
      };
      const nexus = await startNexusLike(place, [
        {
          name: 'docker-group',
          registry: group.url,
          challenge: 'Bearer realm="$base/repository/docker-group/v2/token",service="upstream"',
          tokens: { path: '/repository/docker-group/v2/token', realm: await realmOf(group) },
        },
        {
          name: 'docker-hosted',
          registry: hosted.url,
          // Its own idea of its name, without TLS, at a path that leads nowhere here, with a query.
          challenge: 'Bearer realm="http://nexus.test/service/token?tenant=1",service="upstream"',
          tokens: { path: '/service/token', realm: await realmOf(hosted) },
        },
      ]);
      const path = `${nexus}/repository`;
      const settings = {
        hosts: {
          localhost: { read: `${path}/docker-group`, write: `${path}/docker-hosted` },
          'nexus.test': { read: `${path}/docker-group`, write: `${path}/docker-hosted` },
          'read.test': { read: `${path}/docker-group` },
          'wide.test': { read: group.url },
        },
        repositories: { 'docker-hosted': { type: 'hosted' } },
      };
      gateway = await startLocalGateway(place, settings);
      const alone = { localhost: { read: `${path}/docker-group`, write: `${path}/docker-group` } };
      other = await startLocalGateway(place, { ...settings, hosts: { ...settings.hosts, ...alone } });
    });
    afterAll(async () => {
      await Promise.all([gateway.stop(), other.stop()]);
      await place.close();
    });

    const ask = (host: string, path: string, method = 'GET', authorization?: string) =>
      gateway.ask(path, {
        method,
        headers: { host, accept, ...(authorization !== undefined && { authorization }) },
      });
    const realmAt = async (host: string) => {
      const reply = await ask(host, '/v2/');
      expect(reply.status).toBe(401);
      return /realm="([^"]*)"/.exec(reply.headers['www-authenticate'] ?? '')?.[1] ?? '';
    };
    const tokenFrom = async (at: LocalGateway, realm: string, name = 'team/app') => {
      const url = new URL(realm);
      const reply = await at.ask(`${url.pathname}?service=upstream&scope=repository:${name}:pull,push`, {
        headers: { host: url.host, authorization: basic(account) },
      });
      return `Bearer ${(JSON.parse(reply.body.toString()) as { token: string }).token}`;
    };

    test('each token service is reached through the public host, whatever its registry calls it', async () => {
      await seedImage(group, 'team/app', '1');
      expect(await realmAt('nexus.test')).toBe('https://nexus.test/v2/_token/write');
      expect(await realmAt('read.test')).toBe('https://read.test/v2/_token/read');
      const token = await tokenFrom(gateway, 'https://read.test/v2/_token/read');
      expect((await ask('read.test', '/v2/team/app/manifests/1', 'GET', token)).status).toBe(200);
      expect((await group.realmRequests()).at(-1)?.status).toBe(200);
      expect(await hosted.realmRequests()).toEqual([]);
      const pushing = await tokenFrom(gateway, 'https://nexus.test/v2/_token/write');
      expect((await ask('nexus.test', '/v2/team/app/blobs/uploads/', 'POST', pushing)).status).toBe(202);
      const [asked] = await hosted.realmRequests();
      expect(asked?.path).toContain('?tenant=1&service=upstream&scope=');
    });

    test('also through a gateway that has not seen the challenge', async () => {
      const token = await tokenFrom(other, 'https://read.test/v2/_token/read');
      expect((await ask('read.test', '/v2/team/app/manifests/1', 'GET', token)).status).toBe(200);
    });

    test('skopeo logs in there, pushes and reads', async () => {
      const certs = join(place.folder, 'certs.d');
      await mkdir(certs);
      await writeFile(join(certs, 'ca.crt'), other.ca ?? '');
      const image = await seedImage(group, 'team/seed', '1');
      const url = `docker://localhost:${other.port}/team`;
      const login = `${account.user}:${account.password}`;
      const run = async (...args: string[]) => succeeded(await place.run(['skopeo', ...args]));
      const trust = (side: string) => [`--${side}cert-dir`, certs, `--${side}creds`, login];
      await run('copy', ...['src-', 'dest-'].flatMap(trust), `${url}/seed:1`, `${url}/copy:2`);
      const shown = await run('inspect', ...trust(''), `${url}/copy:2`);
      expect(JSON.parse(shown.stdout)).toMatchObject({ Digest: image.manifest.digest });
    });

    test('a wrong password is refused there, and nothing else of the server is opened', async () => {
      const wrong = basic({ ...account, password: 'no' });
      expect((await ask('nexus.test', '/v2/_token/write?service=upstream', 'GET', wrong)).status).toBe(401);
      for (const path of ['/v2/_token/write/admin', '/v2/_token/other', '/v2/_token/'])
        expect((await ask('nexus.test', path)).status).toBe(404);
    });

    test('a token of one is no good at the other, which is said at the login', async () => {
      const token = await tokenFrom(gateway, 'https://nexus.test/v2/_token/write');
      const reply = await ask('nexus.test', '/v2/', 'GET', token);
      expect([reply.status, JSON.parse(reply.body.toString())]).toMatchObject([401, { errors: [{}] }]);
    });

    test('a realm that is another server stays', async () => {
      expect(await realmAt('wide.test')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/token$/);
    });

    test('uploads go on here, and errors that are web pages become JSON', async () => {
      const token = await tokenFrom(gateway, 'https://nexus.test/v2/_token/write');
      const session = await ask('nexus.test', '/v2/team/app/blobs/uploads/', 'POST', token);
      expect(session.headers.location).toMatch(
        /^(?:https:\/\/nexus\.test)?\/v2\/team\/app\/blobs\/uploads\//,
      );
      const { pathname, search } = new URL(session.headers.location ?? '', 'https://nexus.test');
      expect((await ask('nexus.test', pathname + search, 'GET', token)).status).toBe(204);
      await hosted.stop();
      const reply = await ask('nexus.test', '/v2/team/app/blobs/uploads/', 'POST', token);
      const head = await ask('nexus.test', '/v2/team/app/manifests/1', 'HEAD', token);
      await hosted.start();
      expect([reply.status, JSON.parse(reply.body.toString())]).toEqual([
        502,
        { errors: [expect.objectContaining({ code: 'UNAVAILABLE' })] },
      ]);
      expect([head.status, head.headers['content-type'], head.body.length]).toEqual([
        502,
        'application/json',
        0,
      ]);
    });
  },
);
