import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startFaultyUpstream, type FaultyUpstream } from '../../support/faulty-upstream.ts';
import { startLocalGateway, type LocalGateway } from '../../support/gateway.ts';
import { digestOf } from '../../support/image.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { eventually } from '../../support/process-facts.ts';
import { Visitor } from './visitor.ts';

/** More than connections hold on their way: whoever does not read it keeps the upstream waiting. */
const bytes = randomBytes(16_000_000);
const PATH = `/v2/team/app/blobs/${digestOf(bytes)}`;

let place: Place;
let upstream: FaultyUpstream;
let gateway: LocalGateway;
let visitor: Visitor;
beforeEach(async () => {
  place = await createLoopback();
  upstream = await startFaultyUpstream();
  upstream.serve(PATH, { type: 'application/octet-stream', bytes });
  gateway = await startLocalGateway(place, {
    hosts: { localhost: { read: 'group' } },
    repositories: {
      hub: { type: 'proxy', upstream: upstream.url, headersTimeout: '1500ms', autoBlock: false },
      group: { type: 'group', members: ['hub'] },
    },
  });
  visitor = new Visitor(gateway);
});
afterEach(async () => {
  visitor.close();
  await gateway.stop();
  await upstream.close();
  await place.close();
});

test.each(['500', '404', 'hangs before headers', 'HTML with 200'] as const)(
  'a blob of which nothing tells the size, HEAD neither (%s), leaves no request behind and is there in the end',
  async (fault) => {
    await upstream.fail('without a length');
    await upstream.fail(fault, /\/blobs\//, 'HEAD');
    const first = await visitor.get('localhost', PATH);
    expect(first?.status).toBeOneOf([200, 502, 503]);
    expect(await eventually(() => upstream.running() === 0)).toBe(true);

    await upstream.heal();
    const second = await visitor.get('localhost', PATH);
    expect(second?.status).toBe(200);
    expect(digestOf(second?.body ?? '')).toBe(digestOf(bytes));
  },
);
