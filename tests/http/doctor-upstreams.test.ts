import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Finding } from '../../doctor/index.ts';
import { examined, problems } from '../support/examined.ts';
import { startFaultyUpstream, type FaultyUpstream } from '../support/faulty-upstream.ts';
import { freePort, startLocalGateway, type LocalGateway } from '../support/gateway.ts';
import { makeImage, TYPES } from '../support/image.ts';
import { createLoopback, type Place } from '../support/place.ts';
import type { UpstreamFault } from '../support/upstream-faults.ts';

const started: FaultyUpstream[] = [];
let place: Place;
let gateway: LocalGateway;
let findings: readonly Finding[];

/** A registry with the image as `podman/hello:latest`, and the fault for those paths. */
async function upstream(fault?: UpstreamFault, paths?: RegExp, method?: 'GET' | 'HEAD'): Promise<string> {
  const server = await startFaultyUpstream();
  started.push(server);
  // Its own, since what one of them gives would be served for all.
  const { manifest, config, layers } = makeImage();
  server.serve('/v2/podman/hello/manifests/latest', { type: TYPES.oci.manifest, bytes: manifest.bytes });
  for (const { digest, bytes } of [config, ...layers])
    server.serve(`/v2/podman/hello/blobs/${digest}`, { type: 'application/octet-stream', bytes });
  if (fault !== undefined) await server.fail(fault, paths, method);
  return server.url;
}

/** Each proxy with its upstream; what is said of it. */
const proxies: Readonly<
  Record<string, { readonly at: () => Promise<string>; readonly level: string; readonly says: RegExp }>
> = {
  well: { at: () => upstream(), level: 'ok', says: /pulled well\.test\/podman\/hello:latest through it/ },
  dead: {
    at: async () => `http://127.0.0.1:${await freePort()}`,
    level: 'error',
    says: /ECONNREFUSED[^]*repositories\.dead\.upstream/,
  },
  nameless: {
    at: () => Promise.resolve('http://nowhere.invalid'),
    level: 'error',
    says: /finds no address[^]*repositories\.nameless\.upstream[^]*resolv\.conf/,
  },
  limited: {
    at: () => upstream('429'),
    level: 'error',
    says: /429[^]*wait at least 7 s, until 20\d\d-[^]* UTC[^]*repositories\.limited\.username/,
  },
  counted: {
    at: () => upstream('429', /manifests/, 'GET'),
    level: 'error',
    says: /gets answers[^]*but GET of the manifest[^]*429[^]*wait at least 7 s/,
  },
  page: {
    at: () => upstream('HTML with 200'),
    level: 'error',
    says: /text\/html[^]*repositories\.page\.upstream[^]*not of its web page/,
  },
  refusing: {
    at: () => upstream('401', /\/token|\/v2\//),
    level: 'error',
    says: /repositories\.refusing\.username and repositories\.refusing\.password/,
  },
  broken: { at: () => upstream('503'), level: 'error', says: /503[^]*its log or its status page/ },
  untrue: {
    at: async () => (await upstream()).replace('http:', 'https:'),
    level: 'error',
    says: /speaks plain HTTP there[^]*repositories\.untrue\.upstream/,
  },
  silent: {
    at: () => upstream('hangs before headers'),
    level: 'error',
    says: /in time[^]*repositories\.silent\.headersTimeout/,
  },
  layerless: {
    at: () => upstream('403', /blobs/),
    level: 'error',
    says: /GET of a part of layerless\.test[^]*repositories\.layerless\.username/,
  },
  damaged: {
    at: () => upstream('wrong bytes', /blobs/),
    level: 'error',
    says: /pull of damaged\.test\/podman\/hello:latest broke off[^]*log of the gateway/,
  },
};

beforeAll(async () => {
  place = await createLoopback();
  const entries = Object.entries(proxies).map(async ([name, { at }]) => {
    // The others are asked at the same time, and must have the time that a busy machine needs.
    const patience = name === 'silent' ? { headersTimeout: '1s' } : {};
    const proxy = { type: 'proxy', upstream: await at(), prefix: `${name}.test`, ...patience };
    return [name, proxy] as const;
  });
  const own = Object.fromEntries(await Promise.all(entries));
  const idle = { type: 'proxy', upstream: await upstream(), prefix: 'idle.test' };
  const apart = { type: 'proxy', upstream: await upstream(), prefix: 'apart.test' };
  gateway = await startLocalGateway(place, {
    hosts: { '127.0.0.1': { read: 'group', write: 'hosted' } },
    repositories: {
      hosted: { type: 'hosted' },
      ...own,
      idle,
      apart,
      group: { type: 'group', members: ['hosted', ...Object.keys(own), 'idle'], writable: 'hosted' },
    },
  });
  findings = await examined(gateway.port, {
    ca: gateway.ca ?? '',
    credentials: () => Promise.resolve(gateway.admin),
    plainPort: gateway.plain.port,
    images: [...Object.keys(proxies).map((name) => `${name}.test/podman/hello:latest`), 'team/none:1'],
  });
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await Promise.all(started.map((each) => each.close()));
  await place.close();
});

const saidOf = (begin: string): Finding | undefined =>
  findings.find(({ check, what }) => check === 'upstreams' && what.startsWith(begin));

test.each(Object.entries(proxies))('a proxy whose upstream is %s', (name, { level, says }) => {
  const found = saidOf(`${name} `);
  expect(found?.level).toBe(level);
  expect(`${found?.what ?? ''}\n${found?.advice ?? ''}`).toMatch(says);
});

test('nothing else is wrong', () => {
  expect(problems(findings)).toEqual(['error: upstreams']);
});

test.each([
  ['idle ', /--pull idle\.test\/NAME:TAG/],
  ['apart ', /add apart to the "members"/],
])('no fault, but said: %s', (begin, advice) => {
  expect(saidOf(begin)?.level).toBe('skipped');
  expect(saidOf(begin)?.advice).toMatch(advice);
});

test('an image of no proxy', () => {
  expect(findings.find(({ what }) => what.includes('team/none:1'))?.level).toBe('error');
});

test('what was pulled before is what is pulled the next time', { timeout: 30_000 }, async () => {
  const again = await examined(gateway.port, {
    ca: gateway.ca ?? '',
    credentials: () => Promise.resolve(gateway.admin),
    plainPort: gateway.plain.port,
  });
  const well = again.find(({ what }) => what.startsWith('well '));
  expect(well?.what).toContain('pulled well.test/podman/hello:latest through it');
});
