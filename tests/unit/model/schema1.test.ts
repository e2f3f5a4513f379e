import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  emptyLayer,
  mediaTypes,
  parseManifest,
  parseName,
  parseTag,
  toSchema1,
} from '../../../registry/model/index.ts';
import type { Schema1 } from '../../support/schema1.ts';

const layer = (letter: string): string => `sha256:${letter.repeat(64)}`;
const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

const config = {
  architecture: 'arm64',
  os: 'linux',
  config: { Cmd: ['/run'] },
  rootfs: { type: 'layers', diff_ids: [layer('1'), layer('2')] },
  history: [
    { created: '2026-01-01T00:00:00Z', created_by: 'ADD a' },
    { created_by: 'ENV x=1', empty_layer: true, comment: 'quiet' },
    { created_by: 'ADD b', author: 'me' },
  ],
};
const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** The schema 1 form of an image with the layers a and b. */
function convert(image: object, layerType = gzip, configType = 'application/vnd.oci.image.config.v1+json') {
  const layers = ['a', 'b'].map((each) => ({ mediaType: layerType, size: 1, digest: layer(each) }));
  const manifest = parseManifest(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: configType, size: 2, digest: layer('c') },
        layers,
      }),
    ),
    mediaTypes.ociManifest,
  );
  const named = { name: parseName('team/app'), tag: parseTag('1'), manifest };
  const text = toSchema1({ ...named, config: Buffer.from(JSON.stringify(image)) }, hash);
  return text === undefined ? undefined : (JSON.parse(text) as Schema1);
}

function historyOf(manifest: Schema1 | undefined) {
  return (manifest?.history ?? []).map(
    ({ v1Compatibility }) => JSON.parse(v1Compatibility) as Record<string, unknown>,
  );
}

test('layers and history are newest first, with the empty layer where nothing changed', () => {
  const manifest = convert(config);
  expect(manifest).toMatchObject({ schemaVersion: 1, name: 'team/app', tag: '1', architecture: 'arm64' });
  expect(manifest?.fsLayers.map(({ blobSum }) => blobSum)).toEqual([layer('b'), emptyLayer, layer('a')]);
  const [top, middle, base] = historyOf(manifest);
  expect(top).toMatchObject({ os: 'linux', config: { Cmd: ['/run'] }, parent: middle?.id });
  expect(top).not.toHaveProperty('rootfs');
  expect(top).not.toHaveProperty('history');
  expect(middle).toMatchObject({ throwaway: true, comment: 'quiet', parent: base?.id });
  expect(middle?.container_config).toEqual({ Cmd: ['ENV x=1'] });
  expect(base).toMatchObject({ created: '2026-01-01T00:00:00Z', container_config: { Cmd: ['ADD a'] } });
  expect(base).not.toHaveProperty('parent');
  expect(base).not.toHaveProperty('throwaway');
});

test('ids follow from the content alone', () => {
  const ids = (image: object) => historyOf(convert(image)).map(({ id }) => id);
  expect(ids(config)).toEqual(ids(config));
  expect(new Set(ids(config)).size).toBe(3);
  const other = ids({ ...config, config: { Cmd: ['/other'] } });
  expect(other.slice(1)).toEqual(ids(config).slice(1));
  expect(other[0]).not.toBe(ids(config)[0]);
  for (const id of ids(config)) expect(id).toMatch(/^[0-9a-f]{64}$/);
});

test('without a history there is one step for each layer', () => {
  const { history: _history, ...bare } = config;
  expect(convert(bare)?.fsLayers.map(({ blobSum }) => blobSum)).toEqual([layer('b'), layer('a')]);
});

test.each([
  ['zstd layers', config, 'application/vnd.oci.image.layer.v1.tar+zstd'],
  ['foreign layers', config, 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'],
  ['an artifact', config, gzip, 'application/vnd.cncf.helm.config.v1+json'],
  ['a history with a layer too few', { ...config, history: config.history.slice(1) }],
  ['a history with a layer too many', { ...config, history: [...config.history, {}] }],
  ['a history that is none', { ...config, history: ['ADD a', 'ADD b'] }],
  ['a configuration that is no object', []],
])('schema 1 cannot say: %s', (_what, image, layerType?: string, configType?: string) => {
  expect(convert(image, layerType, configType)).toBeUndefined();
});
