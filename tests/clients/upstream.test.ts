import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAuthority } from '../support/authority.ts';
import { request } from '../support/http-request.ts';
import { TYPES } from '../support/image.ts';
import { createMachine } from '../support/machine.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { describeWith } from '../support/require-programs.ts';
import { seedImage, seedIndex } from '../support/seed-image.ts';
import { createUpstream, type Upstream, type UpstreamOptions } from '../support/upstream.ts';

const account = { user: 'robot', password: 's3cret' };
const SETUPS: readonly { title: string; options: UpstreamOptions }[] = [
  { title: 'plain', options: {} },
  { title: 'with Basic', options: { auth: { type: 'basic', account } } },
  { title: 'behind a token realm, ES256', options: { auth: { type: 'token', account } } },
  { title: 'behind a token realm, RS256', options: { auth: { type: 'token', account, algorithm: 'RS256' } } },
];

/** docker-registry gives OCI manifests to those alone who name their types. */
const ACCEPT = Object.values(TYPES)
  .flatMap(({ manifest, index }) => [manifest, index])
  .join(', ');

async function read(upstream: Upstream, name: string, reference: string): Promise<Buffer> {
  const authorization = await upstream.authorization?.(name);
  const headers = { accept: ACCEPT, ...(authorization === undefined ? {} : { authorization }) };
  const trust = upstream.ca === undefined ? {} : { ca: upstream.ca };
  const reply = await request(upstream.place, `${upstream.url}/v2/${name}/manifests/${reference}`, {
    headers,
    ...trust,
  });
  expect(reply.status).toBe(200);
  return reply.body;
}

const NEEDS = ['docker-registry', 'htpasswd', 'openssl'] as const;

describeWith(NEEDS, 'an upstream on loopback', () => {
  let place: Place;
  beforeAll(async () => void (place = await createLoopback()));
  afterAll(() => place.close());

  describe.each(SETUPS)('$title', ({ options }) => {
    test('takes a seeded image and gives its manifest back byte by byte', async () => {
      const upstream = await createUpstream(place, options);
      for (const mediaTypes of ['oci', 'docker'] as const) {
        const image = await seedImage(upstream, 'library/app', mediaTypes, { layers: [10, 20], mediaTypes });
        expect(await read(upstream, 'library/app', mediaTypes)).toEqual(image.manifest.bytes);
      }
      const { index, images } = await seedIndex(upstream, 'library/multi', '1');
      expect(await read(upstream, 'library/multi', '1')).toEqual(index.bytes);
      const arm = images.arm64?.manifest;
      expect(await read(upstream, 'library/multi', arm?.digest ?? '')).toEqual(arm?.bytes);
    });

    test('wants credentials where it should', async () => {
      const upstream = await createUpstream(place, options);
      const reply = await request(place, `${upstream.url}/v2/`);
      expect(reply.status).toBe(options.auth === undefined ? 200 : 401);
      const scheme = { none: undefined, basic: /^Basic /, token: /^Bearer realm=/ }[
        options.auth?.type ?? 'none'
      ];
      if (scheme !== undefined) expect(reply.headers['www-authenticate']).toMatch(scheme);
    });
  });

  test('refuses wrong credentials at the realm', async () => {
    const upstream = await createUpstream(place, { auth: { type: 'token', account } });
    const challenge = await request(place, `${upstream.url}/v2/`);
    const realm = /realm="([^"]+)"/.exec(challenge.headers['www-authenticate'] ?? '')?.[1] ?? '';
    expect((await request(place, `${realm}?service=upstream`)).status).toBe(401);
    expect((await upstream.realmRequests()).map(({ status }) => status)).toEqual([401]);
  });

  test('counts requests by method and path, also across a stop', async () => {
    const upstream = await createUpstream(place);
    const image = await seedImage(upstream, 'app', '1');
    const before = await upstream.requests();
    expect(before.map(({ method, status }) => `${method} ${status}`)).toEqual([
      'POST 202', 'PUT 201', 'POST 202', 'PUT 201', 'PUT 201',
    ]); // prettier-ignore
    await upstream.forget();
    await upstream.stop();
    expect(await upstream.requests()).toEqual([]);
    await expect(request(place, upstream.url)).rejects.toThrow(/ECONNREFUSED/);
    await upstream.start();
    expect(await read(upstream, 'app', '1')).toEqual(image.manifest.bytes);
    expect(await upstream.requests()).toEqual([{ method: 'GET', path: '/v2/app/manifests/1', status: 200 }]);
  });

  test('serves HTTPS that its own CA alone vouches for', async () => {
    const tls = await createAuthority(place, 'upstream root');
    const upstream = await createUpstream(place, { tls });
    await seedImage(upstream, 'app', '1');
    await expect(request(place, `${upstream.url}/v2/`)).rejects.toThrow(/certificate/);
  });
});

describeWith([...NEEDS, 'namespaces'], 'an upstream inside a machine', () => {
  test('is reached by its name, with a token and HTTPS, from the test', async () => {
    await using machine = await createMachine({ hosts: { 'up.test': '10.99.0.1' } });
    const tls = await createAuthority(machine);
    const auth = { type: 'token', account } as const;
    const upstream = await createUpstream(machine, { auth, tls, host: 'up.test', port: 443 });
    expect(upstream.url).toBe('https://up.test');
    const image = await seedImage(upstream, 'app', '1');
    expect(await read(upstream, 'app', '1')).toEqual(image.manifest.bytes);
  });
});
