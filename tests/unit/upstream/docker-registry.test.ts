import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseDigest, parseName, parseTag } from '../../../registry/model/index.ts';
import type { UpstreamSettings } from '../../../registry/upstream/index.ts';
import { createAuthority } from '../../support/authority.ts';
import type { Image } from '../../support/image.ts';
import { createLoopback, type Place } from '../../support/place.ts';
import { describeWith } from '../../support/require-programs.ts';
import { seedImage } from '../../support/seed-image.ts';
import { createUpstream as startRegistry, type Upstream as Registry } from '../../support/upstream.ts';
import { failureOf } from './outcome.ts';
import { digestOf, upstreamAt } from './scripted.ts';

const account = { user: 'reader', password: 'correct horse' };
const login = { username: account.user, password: account.password };
const name = parseName('team/app');
const tag = { tag: parseTag('1.0') };

describeWith(['docker-registry', 'openssl', 'htpasswd'], "Debian's docker-registry", () => {
  let place: Place;

  beforeAll(async () => {
    place = await createLoopback();
  });
  afterAll(async () => {
    await place.close();
  });

  describe.each([
    ['plain', undefined, false],
    ['with Basic and TLS', 'basic', true],
    ['behind a token realm', 'token', false],
  ] as const)('%s', (_, type, secure) => {
    let registry: Registry;
    let image: Image;
    let settings: Partial<UpstreamSettings>;

    beforeAll(async () => {
      registry = await startRegistry(place, {
        ...(type === undefined ? {} : { auth: { type, account } }),
        ...(secure ? { tls: await createAuthority(place) } : {}),
      });
      image = await seedImage(registry, name, '1.0');
      settings = {
        ...(type === undefined ? {} : login),
        ...(registry.ca === undefined ? {} : { ca: registry.ca }),
      };
    });

    test('manifest, blob, resumed blob and tags come as they were pushed', async () => {
      const upstream = upstreamAt(registry.url, settings);
      const { digest, mediaType, bytes } = image.manifest;
      expect(await upstream.headManifest(name, tag)).toEqual({ digest, mediaType, size: bytes.length });
      const got = await upstream.getManifest(name, { digest: parseDigest(digest) });
      expect(got && Buffer.from(got.bytes)).toEqual(bytes);
      const blobDigest = parseDigest(image.config.digest);
      const size = image.config.bytes.length;
      expect(await upstream.headBlob(name, blobDigest)).toEqual({ size });
      const rest = await upstream.getBlob(name, blobDigest, 7);
      expect(rest).toMatchObject({ from: 7, size });
      expect(rest && (await buffer(rest.body))).toEqual(image.config.bytes.subarray(7));
      expect(await upstream.listTags(name)).toEqual(['1.0']);
    });

    test('what is not there is nothing', async () => {
      const upstream = upstreamAt(registry.url, settings);
      const missing = digestOf('missing');
      expect(await upstream.headManifest(name, { tag: parseTag('none') })).toBeUndefined();
      expect(await upstream.getManifest(name, { digest: missing })).toBeUndefined();
      expect(await upstream.headBlob(name, missing)).toBeUndefined();
      expect(await upstream.getBlob(name, missing, 0)).toBeUndefined();
      expect(await upstream.listTags(parseName('nobody/home'))).toBeUndefined();
    });

    if (type === undefined) return;

    test('a wrong password is refused', async () => {
      const upstream = upstreamAt(registry.url, { ...settings, password: 'wrong horse' });
      const failure = await failureOf(upstream.headManifest(name, tag), 'unauthorized');
      expect(failure.message).not.toContain('horse');
    });
  });
});
