import { describe, expect, test } from 'vitest';
import { mediaTypes, parseManifest } from '../../../registry/model/index.ts';
import { refusalOf } from './refusal.ts';

const digest = (fill: string) => `sha256:${fill.repeat(64)}`;
const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest('c'), size: 2 };
const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digest('1'), size: 100 };
const child = { mediaType: mediaTypes.ociManifest, digest: digest('a'), size: 500 };
const image = { schemaVersion: 2, config, layers: [layer] };
const index = { schemaVersion: 2, manifests: [child] };

const parse = (json: unknown, type = '') => parseManifest(Buffer.from(JSON.stringify(json)), type);
const refused = (json: unknown, type = '') => refusalOf(() => parse(json, type), 'manifestInvalid').message;

describe('media types', () => {
  test.each([
    [mediaTypes.ociManifest, image],
    [mediaTypes.dockerManifest, image],
    [mediaTypes.ociIndex, index],
    [mediaTypes.dockerList, index],
  ])('%s is known by the Content-Type, by its own word, and by both', (mediaType, json) => {
    expect(parse(json, mediaType).mediaType).toBe(mediaType);
    expect(parse({ ...json, mediaType }).mediaType).toBe(mediaType);
    expect(parse({ ...json, mediaType }, mediaType).mediaType).toBe(mediaType);
    expect(parse({ ...json, mediaType }, 'application/json').mediaType).toBe(mediaType);
    expect(parse(json, `${mediaType.toUpperCase()} ; charset=utf-8`).mediaType).toBe(mediaType);
  });

  test.each(['', 'application/json', 'application/octet-stream', 'application/x-www-form-urlencoded'])(
    'with a Content-Type of %j, which says nothing, the content decides',
    (type) => {
      expect(parse(image, type).mediaType).toBe(mediaTypes.ociManifest);
      expect(parse(index, type).mediaType).toBe(mediaTypes.ociIndex);
    },
  );

  test('Content-Type and content must agree', () => {
    const said = refused({ ...image, mediaType: mediaTypes.ociManifest }, mediaTypes.dockerManifest);
    expect(said).toContain(mediaTypes.ociManifest);
    expect(said).toContain(mediaTypes.dockerManifest);
    refused({ ...image, mediaType: 'text/plain' }, mediaTypes.ociManifest);
    refused({ ...image, mediaType: mediaTypes.ociManifest }, 'text/plain');
  });

  test.each([
    ['text/plain', undefined],
    ['application/vnd.docker.distribution.manifest.v1+json', undefined],
    ['', 'application/vnd.example+json'],
    ['', 'constructor'],
  ])('an unknown type is refused: sent as %j, says %j', (type, mediaType) => {
    expect(refused({ ...image, mediaType }, type)).toContain(mediaType ?? type);
  });

  test('an index is no image, and an image no index', () => {
    refused(index, mediaTypes.ociManifest);
    refused(image, mediaTypes.ociIndex);
  });

  test.each([
    [mediaTypes.ociManifest, { ...image, ...index }],
    [mediaTypes.dockerManifest, { ...image, manifests: [] }],
    [mediaTypes.ociIndex, { ...image, ...index }],
    [mediaTypes.ociIndex, { ...index, config }],
    [mediaTypes.dockerList, { ...index, layers: [] }],
    ['', { ...image, ...index }],
  ])('what could be taken for either is refused as %j', (type, json) => {
    refused(json, type);
  });

  test('schema 1 is refused', () => {
    const v1 = { schemaVersion: 1, name: 'x', tag: 'y', fsLayers: [], history: [] };
    expect(refused(v1)).toContain('schemaVersion');
    refused(v1, 'application/vnd.docker.distribution.manifest.v1+prettyjws');
    refused({ ...image, schemaVersion: '2' });
    refused({ config, layers: [layer] });
  });
});

describe('what it references', () => {
  test('config and layers, in order', () => {
    const manifest = parse(image);
    expect(manifest.blobs).toEqual([config, layer]);
    expect(manifest.manifests).toEqual([]);
    expect(manifest.subject).toBeUndefined();
  });

  test('children', () => {
    expect(parse(index)).toMatchObject({ blobs: [], manifests: [child] });
  });

  test('no layers at all, in either writing', () => {
    expect(parse({ ...image, layers: [] }).blobs).toEqual([config]);
    expect(parse({ ...image, layers: null }).blobs).toEqual([config]);
    expect(parse({ ...index, manifests: null }, mediaTypes.ociIndex).manifests).toEqual([]);
    expect(parse({ ...index, manifests: [] }).manifests).toEqual([]);
  });

  test.each([
    'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
    'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  ])('a layer of %s need not be here', (mediaType) => {
    expect(parse({ ...image, layers: [{ ...layer, mediaType }, layer] }).blobs).toEqual([config, layer]);
  });

  test('sha512', () => {
    const strong = { ...layer, digest: `sha512:${'5'.repeat(128)}` };
    expect(parse({ ...image, layers: [strong] }).blobs[1]).toEqual(strong);
  });

  test('what more a descriptor says is not kept', () => {
    const more = { ...layer, urls: ['http://example.test'], data: 'eA==', annotations: {} };
    expect(parse({ ...image, layers: [more] }).blobs[1]).toEqual(layer);
  });

  test.each([
    ['config', { ...image, config: undefined }],
    ['config', { ...image, config: [] }],
    ['config', { ...image, config: { ...config, digest: 'sha256:1' } }],
    ['layers', { ...image, layers: undefined }],
    ['layers', { ...image, layers: {} }],
    ['layers[1]', { ...image, layers: [layer, null] }],
    ['layers[0]', { ...image, layers: [{ ...layer, size: -1 }] }],
    ['layers[0]', { ...image, layers: [{ ...layer, size: 1.5 }] }],
    ['layers[0]', { ...image, layers: [{ ...layer, size: '100' }] }],
    ['layers[0]', { ...image, layers: [{ ...layer, size: 2 ** 53 }] }],
    ['layers[0]', { ...image, layers: [{ ...layer, digest: undefined }] }],
    ['layers[0]', { ...image, layers: [{ ...layer, digest: digest('A') }] }],
    ['manifests[0]', { ...index, manifests: ['x'] }],
    ['subject', { ...image, subject: 'x' }],
    ['subject', { ...index, subject: { ...child, digest: '' } }],
  ])('a fault at %s is named', (where, json) => {
    expect(refused(json)).toContain(where);
  });
});

describe('artifacts', () => {
  test('subject, of images and of indexes', () => {
    expect(parse({ ...image, subject: child }).subject).toEqual(child);
    expect(parse({ ...index, subject: child }).subject).toEqual(child);
    expect(parse({ ...image, subject: null }).subject).toBeUndefined();
  });

  test('artifactType is its own, else that of its config', () => {
    expect(parse({ ...image, artifactType: 'application/x' }).artifactType).toBe('application/x');
    expect(parse(image).artifactType).toBe(config.mediaType);
    expect(parse({ ...image, artifactType: '' }).artifactType).toBe(config.mediaType);
    expect(parse(index).artifactType).toBeUndefined();
    expect(parse({ ...index, artifactType: 'application/x' }).artifactType).toBe('application/x');
  });

  test('annotations that are texts', () => {
    const annotations = JSON.parse('{"a":"b","n":1,"__proto__":"p"}') as object;
    const read = parse({ ...image, annotations }).annotations;
    expect(Object.entries(read)).toEqual([
      ['a', 'b'],
      ['__proto__', 'p'],
    ]);
    expect(parse({ ...image, annotations: null }).annotations).toEqual({});
    expect(parse({ ...image, annotations: ['x'] }).annotations).toEqual({});
  });
});

describe('what is no JSON object in UTF-8', () => {
  const text = JSON.stringify(image);
  test.each([
    ['nothing', ''],
    ['a web page', '<html>'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '2'],
    ['half of it', text.slice(0, 100)],
    ['more than it', `${text}{}`],
    ['a byte order mark', `\ufeff${text}`],
    ['another encoding', Buffer.from(text, 'utf16le')],
    [
      'bytes that are no UTF-8',
      Buffer.concat([Buffer.from('{"x":"'), Buffer.from([0xff]), Buffer.from('"}')]),
    ],
    ['a very deep one', '['.repeat(200_000)],
  ])('%s', (_, bytes) => {
    refusalOf(() => parseManifest(Buffer.from(bytes as string), mediaTypes.ociManifest), 'manifestInvalid');
  });

  test('the bytes are not changed by reading them', () => {
    const bytes = Buffer.from(`  ${text}\n`);
    const before = Buffer.from(bytes);
    parseManifest(bytes, '');
    expect(bytes).toEqual(before);
  });
});
