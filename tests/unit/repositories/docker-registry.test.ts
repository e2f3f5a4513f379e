import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDigest, parseName } from '../../../registry/model/index.ts';
import type { Image } from '../../support/image.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createUpstream, type Upstream } from '../../support/upstream.ts';
import { proxy, readAll, readerOf, startEngine, tagged } from './engine.ts';

const app = parseName('team/app');

describeWith(['docker-registry'], "a proxy of Debian's docker-registry", () => {
  let place: Place;
  let upstream: Upstream;
  let image: Image;

  beforeAll(async () => {
    place = await createLoopback();
    upstream = await createUpstream(place);
    image = await seedImage(upstream, app, '1.0', { layers: [3_000_000, 10] });
  });
  afterAll(async () => {
    await place.close();
  });

  test('twenty pull an image at once, it is fetched once, and then pulled without the upstream', async () => {
    const engine = await startEngine({ hub: proxy(upstream.url, { tagMaxAge: 0 }) });
    const repository = engine.repository('hub');
    const pull = async () => {
      const manifest = await repository.findManifest(app, tagged('1.0'), 'anywhere');
      expect(manifest?.digest).toBe(image.manifest.digest);
      for (const blob of [image.config, ...image.layers]) {
        const opened = await repository.openBlob(app, parseDigest(blob.digest), 'anywhere');
        expect((await readAll(readerOf(opened))).equals(blob.bytes)).toBe(true);
      }
    };
    await upstream.forget();
    await Promise.all(Array.from({ length: 20 }, pull));
    const fetched = (await upstream.requests()).filter((each) => each.path.includes('/blobs/'));
    expect(fetched.map((each) => `${each.method} ${each.status}`)).toEqual(['GET 200', 'GET 200', 'GET 200']);
    await upstream.stop();
    await pull();
  });
});
