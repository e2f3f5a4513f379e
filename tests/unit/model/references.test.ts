import { describe, expect, test } from 'vitest';
import {
  algorithmOf,
  digestFrom,
  hexOf,
  isDigest,
  isTag,
  parseAlgorithm,
  parseDigest,
  parseReference,
  parseTag,
  referenceText,
} from '../../../registry/model/index.ts';
import { refusalOf } from './refusal.ts';

const sha256 = `sha256:${'0a'.repeat(32)}`;
const sha512 = `sha512:${'f9'.repeat(64)}`;

describe('digests', () => {
  test.each([
    [sha256, 'sha256', '0a'.repeat(32)],
    [sha512, 'sha512', 'f9'.repeat(64)],
  ] as const)('%s is taken apart and put together', (text, algorithm, hex) => {
    const digest = parseDigest(text);
    expect(digest).toBe(text);
    expect(algorithmOf(digest)).toBe(algorithm);
    expect(hexOf(digest)).toBe(hex);
    expect(digestFrom(algorithm, hex)).toBe(text);
  });

  test.each([
    '',
    'sha256:',
    'sha256',
    '0a'.repeat(32),
    `sha256:${'0A'.repeat(32)}`,
    `SHA256:${'0a'.repeat(32)}`,
    `sha256:${'0a'.repeat(31)}`,
    `sha256:${'0a'.repeat(33)}`,
    `sha256:${'0a'.repeat(64)}`,
    `sha512:${'0a'.repeat(32)}`,
    `sha256:${'0g'.repeat(32)}`,
    `md5:${'0a'.repeat(16)}`,
    `sha384:${'0a'.repeat(48)}`,
    `sha256+b64:${'0a'.repeat(32)}`,
    `${sha256}\n`,
    ` ${sha256}`,
    `${sha256}/../x`,
  ])('%j is no digest', (text) => {
    expect(isDigest(text)).toBe(false);
    refusalOf(() => parseDigest(text), 'digestInvalid');
  });

  test.each([
    ['sha256', 'sha256'],
    ['sha512', 'sha512'],
    ['sha384', undefined],
    ['SHA256', undefined],
    ['', undefined],
    ['constructor', undefined],
  ])('the algorithm %j is %j', (text, algorithm) => {
    expect(parseAlgorithm(text)).toBe(algorithm);
  });
});

describe('tags', () => {
  test.each(['latest', '1.0', '_', 'A', 'v1.2.3-rc_4', '1', 'uploads', '__proto__', 'a'.repeat(128)])(
    '%j is a tag',
    (text) => {
      expect(isTag(text)).toBe(true);
      expect(parseTag(text)).toBe(text);
    },
  );

  test.each(['', '.a', '-a', 'a/b', 'a:b', 'a b', 'a+b', 'a\n', 'ä', 'a\u0000', 'a'.repeat(129)])(
    '%j is no tag',
    (text) => {
      expect(isTag(text)).toBe(false);
      refusalOf(() => parseTag(text), 'tagInvalid');
    },
  );
});

describe('references', () => {
  test('a tag', () => {
    expect(parseReference('latest')).toEqual({ tag: 'latest' });
    expect(referenceText(parseReference('latest'))).toBe('latest');
  });

  test.each([sha256, sha512])('the digest %s', (text) => {
    expect(parseReference(text)).toEqual({ digest: text });
    expect(referenceText(parseReference(text))).toBe(text);
  });

  test('what has a colon wants to be a digest', () => {
    refusalOf(() => parseReference('sha256:123'), 'digestInvalid');
    refusalOf(() => parseReference('a:b'), 'digestInvalid');
  });

  test('what is neither is no tag', () => {
    refusalOf(() => parseReference('.hidden'), 'tagInvalid');
  });
});
