import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { examined, ownCertificate, problems, said, type OwnCertificate } from '../support/examined.ts';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { startNginxFront, type FrontOptions } from '../support/nginx-front.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { describeWith } from '../support/require-programs.ts';
import { createUpstream, type Upstream } from '../support/upstream.ts';

const account = { user: 'robot', password: 's3cret' };
const limit = 90_000;

describeWith(['nginx', 'docker-registry', 'openssl', 'htpasswd'], 'doctor in front of nginx', () => {
  let place: Place;
  let own: OwnCertificate;
  beforeAll(async () => {
    place = await createLoopback();
    own = await ownCertificate(place);
  });
  afterAll(async () => {
    await place.close();
  });
  const front = (backend: string, options: Partial<FrontOptions> = {}): Promise<number> =>
    startNginxFront(place, { cert: own.cert, key: own.key, backend, ...options });

  describe.concurrent('and a docker-registry', () => {
    let registry: Upstream;
    beforeAll(async () => {
      registry = await createUpstream(place, { auth: { type: 'basic', account } });
    });
    const findings = async (options: Partial<FrontOptions> = {}) =>
      examined(await front(registry.url, options), { ca: own.ca, user: account });

    test('that is well', { timeout: limit }, async () => {
      const found = await findings();
      expect(problems(found), JSON.stringify(found, undefined, 1)).toEqual([]);
      expect(said(found, 'upload')).toContain('pushed');
    });

    test('leaves nothing behind', { timeout: limit }, async () => {
      const fresh = await createUpstream(place);
      const found = await examined(await front(fresh.url), { ca: own.ca });
      expect(problems(found)).toEqual([]);
      const requests = await fresh.requests();
      const deleted = requests.filter(({ method, status }) => method === 'DELETE' && status === 202);
      // Two blobs and the manifest.
      expect(deleted).toHaveLength(3);
    });

    test('X-Forwarded-Proto http', { timeout: limit }, async () => {
      const found = await findings({ location: { 'proxy_set_header X-Forwarded-Proto': 'http' } });
      expect(problems(found)).toEqual(['error: location']);
      expect(said(found, 'location')).toMatch(/http instead of https[^]*X-Forwarded-Proto \$scheme/);
    });

    test('wrong Host', { timeout: limit }, async () => {
      const found = await findings({ location: { 'proxy_set_header Host': 'registry.internal' } });
      expect(problems(found)).toEqual(['error: location']);
      expect(said(found, 'location')).toMatch(/registry\.internal instead of[^]*Host \$http_host/);
    });

    test('client_max_body_size 1m', { timeout: limit }, async () => {
      const found = await findings({ server: { client_max_body_size: '1m' } });
      expect(problems(found)).toEqual(['error: upload-size']);
      expect(said(found, 'upload-size')).toMatch(/413[^]*client_max_body_size 0/);
    });

    test('buffering', { timeout: limit }, async () => {
      const found = await findings({ location: { proxy_request_buffering: 'on' } });
      expect(problems(found)).toEqual(['warning: upload-buffering']);
      expect(said(found, 'upload-buffering')).toContain('proxy_request_buffering off');
    });

    test('a split by GET', { timeout: limit }, async () => {
      const other = await createUpstream(place, { auth: { type: 'basic', account } });
      const found = await findings({
        before: `if ($request_method ~* 'GET') { set $backend ${other.url}; }`,
      });
      expect(problems(found)).toEqual(['error: read-back', 'error: upload-session']);
      expect(said(found, 'upload-session')).toMatch(/GET answered 404[^]*request_method/);
    });

    test('upload sessions that only PATCH finds', { timeout: limit }, async () => {
      const before = `set $what "$request_method $uri";
        if ($what ~ "^(GET|HEAD|DELETE) .*/blobs/uploads/.+") { return 404; }`;
      const found = await findings({ before });
      expect(problems(found)).toEqual(['warning: upload-session']);
    });

    test('a timeout for bodies', { timeout: limit }, async () => {
      const port = await front(registry.url, { server: { client_body_timeout: '1s' } });
      const found = await examined(port, { ca: own.ca, user: account, pause: 3000 });
      expect(problems(found)).toEqual(['error: pause']);
      expect(said(found, 'pause')).toMatch(/rests for 3 s is cut[^]*client_body_timeout/);
    });

    test('compression', { timeout: limit }, async () => {
      const gzip = { gzip: 'on', gzip_types: '*', gzip_min_length: '1', gzip_proxied: 'any' };
      const found = await findings({ server: gzip });
      expect(problems(found)).toEqual(['error: read-back']);
      expect(said(found, 'read-back')).toMatch(/Content-Encoding gzip[^]*gzip off/);
    });

    test('no Authorization', { timeout: limit }, async () => {
      const found = await findings({ location: { 'proxy_set_header Authorization': '""' } });
      expect(problems(found)).toEqual(['error: login']);
      expect(said(found, 'login')).toContain('passes the Authorization header on');
    });

    test('no DELETE', { timeout: limit }, async () => {
      const found = await findings({ before: 'limit_except GET POST PUT PATCH { deny all; }' });
      expect(problems(found)).toEqual(['warning: cleanup']);
      expect(found.filter(({ check }) => check === 'cleanup')).toHaveLength(1);
      expect(said(found, 'cleanup')).toMatch(/the image dockgate-doctor\/probe:probe-[^]*403 from nginx/);
    });

    test('a path that is changed', { timeout: limit }, async () => {
      const found = await findings({ location: { proxy_pass: `${registry.url}/registry/` } });
      expect(problems(found)).toEqual(['error: challenge']);
    });

    test('an expired certificate', { timeout: limit }, async () => {
      const old = await ownCertificate(place, { days: -1 });
      const found = await examined(await front(registry.url, old), { ca: old.ca, user: account });
      expect(problems(found)).toEqual(['error: certificate-dates']);
      expect(said(found, 'certificate-dates')).toMatch(/expired[^]*ssl_certificate/);
    });

    test('a certificate without names', { timeout: limit }, async () => {
      const bare = await ownCertificate(place, { names: '' });
      const found = await examined(await front(registry.url, bare), { ca: bare.ca, user: account });
      expect(problems(found)).toEqual(['error: certificate-names']);
      expect(said(found, 'certificate-names')).toContain('subjectAltName=IP:127.0.0.1');
    });

    test('a certificate that nobody trusts', { timeout: limit }, async () => {
      const found = await examined(await front(registry.url), { user: account });
      expect(problems(found)).toEqual(['error: certificate-chain']);
    });

    test('a realm over http', { timeout: limit }, async () => {
      const tokens = await createUpstream(place, { auth: { type: 'token', account } });
      const found = await examined(await front(tokens.url), { ca: own.ca, user: account });
      expect(problems(found)).toEqual(['error: realm']);
      expect(said(found, 'realm')).toMatch(/plain HTTP[^]*auth\.token\.realm/);
    });

    test('a wrong password', { timeout: limit }, async () => {
      const found = await examined(await front(registry.url), {
        ca: own.ca,
        user: { ...account, password: 'wrong' },
      });
      expect(problems(found)).toEqual(['error: login']);
    });

    test('a registry that has gone', { timeout: limit }, async () => {
      const found = await examined(await front(`http://127.0.0.1:${await freePort()}`), { ca: own.ca });
      expect(problems(found)).toEqual(['error: challenge']);
      expect(said(found, 'challenge')).toMatch(/502 from nginx[^]*proxy_pass/);
    });

    test('a clock that is three days slow', { timeout: limit }, async () => {
      const slow = (): number => Date.now() - 3 * 86_400_000;
      const found = await examined(await front(registry.url), { ca: own.ca, user: account, now: slow });
      expect(problems(found)).toEqual(['error: clock', 'error: certificate-dates']);
      expect(said(found, 'clock')).toContain('3.0 days behind');
    });
  });

  describe.concurrent('and Dockgate', () => {
    let gateway: LocalGateway;
    let upstream: Upstream;
    const repositories = (proxies: object): object => ({
      hosted: { type: 'hosted' },
      ...proxies,
      group: { type: 'group', members: ['hosted', ...Object.keys(proxies)], writable: 'hosted' },
    });
    const settings = (proxies: object): Record<string, unknown> => ({
      hosts: { '127.0.0.1': { read: 'group', write: 'hosted' } },
      repositories: repositories(proxies),
      trustedProxies: ['127.0.0.1/32'],
      auth: { roles: { team: [{ names: ['team/**'], actions: ['pull', 'push'] }] } },
    });
    beforeAll(async () => {
      upstream = await createUpstream(place, { auth: { type: 'basic', account } });
      const { user: username, password } = account;
      gateway = await startLocalGateway(
        place,
        settings({
          quay: { type: 'proxy', upstream: upstream.url, prefix: 'quay.test', username, password },
        }),
      );
    });
    afterAll(async () => {
      await gateway.stop();
    });
    const findings = async (options: Partial<FrontOptions> = {}) =>
      examined(await front(`https://127.0.0.1:${gateway.port}`, options), {
        ca: own.ca,
        user: gateway.admin,
      });
    const withProxy = async (proxy: object) => {
      const other = await startLocalGateway(place, {
        ...settings({ quay: { type: 'proxy', prefix: 'quay.test', ...proxy } }),
        trustedProxies: [],
      });
      try {
        return await examined(other.port, {
          ca: other.ca ?? '',
          user: other.admin,
          plainPort: other.plain.port,
        });
      } finally {
        await other.stop();
      }
    };

    test('that is well', { timeout: limit }, async () => {
      const found = await findings();
      expect(problems(found), JSON.stringify(found, undefined, 1)).toEqual([]);
      expect(said(found, 'upstreams')).toContain('quay gets answers');
      const { body } = await gateway.ask('/v2/dockgate-doctor/probe/tags/list', {
        headers: { authorization: (await gateway.authorization?.('')) ?? '' },
      });
      const [, tag] = /dockgate-doctor\/probe:(probe-\S+?)[,. \n]/.exec(said(found, 'upload')) ?? [];
      expect(tag).toBeDefined();
      expect(body.toString()).not.toContain(tag);
    });

    test('a user who may not push that name', async () => {
      await gateway.addUser('reader', 'password of the reader', 'team');
      const user = { user: 'reader', password: 'password of the reader' };
      const found = await examined(await front(`https://127.0.0.1:${gateway.port}`), { ca: own.ca, user });
      expect(problems(found)).toEqual(['error: upload']);
      expect(said(found, 'upload')).toMatch(/reader may not push[^]*auth\.roles[^]*--name/);
      expect(said(found, 'upstreams')).toMatch(/reader may not see the upstreams/);
    });

    test('X-Forwarded-Proto http', { timeout: limit }, async () => {
      const found = await findings({ location: { 'proxy_set_header X-Forwarded-Proto': 'http' } });
      expect(problems(found)).toEqual(['error: realm']);
      expect(said(found, 'realm')).toContain('X-Forwarded-Proto $scheme');
    });

    test('wrong Host', { timeout: limit }, async () => {
      const found = await findings({ location: { 'proxy_set_header Host': '$proxy_host' } });
      expect(problems(found)).toEqual(['error: realm']);
      expect(said(found, 'realm')).toContain('Host $http_host');
    });

    test('client_max_body_size 1m and buffering', { timeout: limit }, async () => {
      const found = await findings({
        server: { client_max_body_size: '1m' },
        location: { proxy_request_buffering: '' },
      });
      expect(problems(found)).toEqual(['error: upload-size', 'warning: upload-buffering']);
    });

    test('a timeout for answers', { timeout: limit }, async () => {
      const port = await front(`https://127.0.0.1:${gateway.port}`, {
        location: { proxy_read_timeout: '1s' },
      });
      const found = await examined(port, { ca: own.ca, user: gateway.admin, pause: 3000 });
      expect(problems(found)).toEqual(['error: pause']);
      expect(said(found, 'pause')).toMatch(/needs 3 s is cut: 504 from nginx[^]*proxy_read_timeout/);
    });

    test('a split by GET', { timeout: limit }, async () => {
      const [reads, writes] = [await freePort(), await freePort()];
      const split = await startLocalGateway(place, {
        ...settings({}),
        repositories: { hosted: { type: 'hosted' }, group: { type: 'group', members: ['hosted'] } },
        hosts: { '127.0.0.1': { read: 'group' } },
        connectors: { [reads]: { repository: 'group' }, [writes]: { repository: 'hosted' } },
      });
      const port = await front(`http://127.0.0.1:${writes}`, {
        before: `if ($request_method ~* 'GET') { set $backend http://127.0.0.1:${reads}; }`,
      });
      const found = await examined(port, { ca: own.ca, user: split.admin });
      await split.stop();
      expect(problems(found)).toEqual(['error: upload-session']);
      expect(said(found, 'upload-session')).toMatch(/GET answered 405[^]*request_method/);
    });

    test('a dead upstream', { timeout: limit }, async () => {
      const found = await withProxy({ upstream: `http://127.0.0.1:${await freePort()}` });
      expect(problems(found)).toEqual(['error: upstreams']);
      expect(said(found, 'upstreams')).toMatch(/quay gets nothing[^]*repositories\.quay\.upstream/);
    });

    test('a wrong upstream password', { timeout: limit }, async () => {
      const found = await withProxy({ upstream: upstream.url, username: account.user, password: 'wrong' });
      expect(problems(found)).toEqual(['error: upstreams']);
      expect(said(found, 'upstreams')).toMatch(
        /repositories\.quay\.username and repositories\.quay\.password/,
      );
    });
  });
});
