import { afterEach, beforeEach, expect, test } from 'vitest';
import { startFaultyUpstream, type FaultyUpstream } from '../../support/faulty-upstream.ts';
import { startLocalGateway, type LocalGateway } from '../../support/gateway.ts';
import { makeImage } from '../../support/image.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { eventually } from '../../support/process-facts.ts';
import { Visitor, type Seen } from './visitor.ts';

const HELD = '/v2/team/held/manifests/latest';
const OTHER = '/v2/team/other/manifests/latest';
/** How many failures in a row set an upstream aside. */
const FAILURES = 3;

let place: Place;
let upstream: FaultyUpstream;
let gateway: LocalGateway;
let visitor: Visitor;
let stop: () => Promise<void>;
beforeEach(async () => {
  place = await createLoopback();
  upstream = await startFaultyUpstream();
  for (const path of [HELD, OTHER]) {
    const { bytes, mediaType } = makeImage().manifest;
    upstream.serve(path, { type: mediaType, bytes });
  }
  gateway = await startLocalGateway(place, {
    hosts: { localhost: { read: 'group' } },
    repositories: {
      hub: {
        type: 'proxy',
        upstream: upstream.url,
        tagMaxAge: '0s',
        notFoundMaxAge: '0s',
        headersTimeout: '1500ms',
      },
      group: { type: 'group', members: ['hub'] },
    },
  });
  visitor = new Visitor(gateway);
  let stopping: Promise<void> | undefined;
  stop = () => {
    visitor.close();
    return (stopping ??= gateway.stop());
  };
});
afterEach(async () => {
  await stop();
  await upstream.close();
  await place.close();
});

async function get(path: string): Promise<Seen> {
  const seen = await visitor.get('localhost', path);
  if (!seen) throw new Error(`${path}: no answer`);
  return seen;
}

/** How often it was asked for images; a probe asks for none. */
const questions = (): number => upstream.requests.filter(({ url }) => url.includes('/manifests/')).length;

async function failUntilSetAside(): Promise<void> {
  for (let failures = 0; failures < FAILURES; failures += 1)
    expect((await get(HELD)).headers.warning).toBeDefined();
}

/** Fulfils when the tag comes from the upstream again; asking for it disturbs nothing. */
async function untilBack(path: string): Promise<Seen> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const seen = await get(path);
    if (seen.status === 200 && seen.headers.warning === undefined) return seen;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`${path} did not come back`);
}

test.each(['503', 'refused', 'hangs before headers'] as const)(
  'an upstream that keeps failing (%s) is asked no more, until a probe finds it well',
  async (fault) => {
    expect((await get(HELD)).headers.warning).toBeUndefined();
    await upstream.fail(fault);
    await failUntilSetAside();

    const before = questions();
    const [held, other] = await Promise.all([get(HELD), get(OTHER)]);
    expect(questions()).toBe(before);
    expect(held.status).toBe(200);
    expect(held.headers.warning).toContain('set aside');
    expect(other.status).toBe(503);
    expect(other.headers['retry-after']).toMatch(/^[1-9]\d*$/);
    expect(other.body.toString()).toMatch(/"message":"hub: .*set aside/);

    await upstream.heal();
    expect((await untilBack(OTHER)).headers.age).toBe('0');
    expect((await untilBack(HELD)).headers.age).toBe('0');
    expect(upstream.requests.map(({ url }) => url)).toContain('/v2/');
  },
);

test('a probe that fails leaves it set aside', async () => {
  await get(HELD);
  await upstream.fail('503');
  await failUntilSetAside();
  const probes = (): number => upstream.requests.filter(({ url }) => url === '/v2/').length;
  for (let attempt = 0; attempt < 200 && probes() === 0; attempt += 1)
    await new Promise((done) => setTimeout(done, 50));
  expect(probes()).toBeGreaterThan(0);

  const before = questions();
  expect((await get(OTHER)).status).toBe(503);
  expect(questions()).toBe(before);
});

test('what an upstream does not have sets nothing aside', async () => {
  for (let attempt = 0; attempt < 2 * FAILURES; attempt += 1)
    expect((await get('/v2/team/missing/manifests/latest')).status).toBe(404);
  expect((await get(OTHER)).status).toBe(200);
});

test('a gateway that stops does not wait for a probe', async () => {
  await get(HELD);
  await upstream.fail('hangs before headers');
  await failUntilSetAside();
  await stop();
  expect(await eventually(async () => (await upstream.connections()) === 0)).toBe(true);
});
