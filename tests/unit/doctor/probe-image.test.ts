import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { makeProbeImage } from '../../../doctor/probe-image.ts';

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

test('an image whose parts fit together, and another one each time', () => {
  const { layer, config, manifest, tag } = makeProbeImage();
  const tar = gunzipSync(layer.bytes);
  const parsed = JSON.parse(manifest.bytes.toString()) as object;
  expect(parsed).toMatchObject({
    config: { digest: config.digest, size: config.bytes.length },
    layers: [{ digest: layer.digest, size: layer.bytes.length }],
  });
  expect(JSON.parse(config.bytes.toString())).toMatchObject({ rootfs: { diff_ids: [digestOf(tar)] } });
  expect([layer, config, manifest].map(({ bytes }) => digestOf(bytes))).toEqual([
    layer.digest,
    config.digest,
    manifest.digest,
  ]);
  expect(tag).toMatch(/^[\w][\w.-]{0,127}$/);
  expect(makeProbeImage().layer.digest).not.toBe(layer.digest);
});

test('a layer that tar can read', () => {
  const tar = gunzipSync(makeProbeImage().layer.bytes);
  expect(execFileSync('tar', ['-tf', '-'], { input: tar, encoding: 'utf8' })).toBe('dockgate-doctor\n');
});
