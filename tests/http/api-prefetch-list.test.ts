import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startCachingGateway } from '../support/caching-gateway.ts';
import { createLoopback, type Place } from '../support/place.ts';
import { seedImage } from '../support/seed-image.ts';

let place: Place;
beforeEach(async () => {
  place = await createLoopback();
});
afterEach(async () => {
  await place.close();
});

test('the images of the configuration are fetched soon after the start; what fails is logged with the image', async () => {
  const prefetch = { images: ['team/none:1', 'team/tool:1', 'hub.test/team/other:2'], interval: '1h' };
  const { gateway, upstream, stop } = await startCachingGateway(place, { prefetch }, async (seeded) => {
    await seedImage(seeded, 'team/tool', '1');
    await seedImage(seeded, 'team/other', '2', { layers: [10, 20, 30] });
  });
  await vi.waitFor(() => {
    expect(gateway.entries.filter(({ message }) => message.startsWith('prefetch'))).toMatchObject([
      { message: 'prefetch failed', image: 'team/none:1', reason: expect.stringMatching(/./) as string },
      { message: 'prefetched', image: 'team/tool:1', blobs: 2 },
      { message: 'prefetched', image: 'hub.test/team/other:2', blobs: 4 },
    ]);
  }, 20_000);
  const before = upstream.entries.length;
  const authorization = await gateway.authorization?.('team/tool');
  const reply = await gateway.ask('/v2/team/tool/manifests/1', {
    headers: { authorization: authorization ?? '' },
  });
  expect([reply.status, upstream.entries.length]).toEqual([200, before]);
  await stop();
});
