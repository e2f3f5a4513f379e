import { describe, expect, test } from 'vitest';
import { isName, libraryName, parseName, readNames } from '../../../registry/model/index.ts';
import { refusalOf } from './refusal.ts';

const longest = 'a'.repeat(253);

test.each([
  'a',
  '0',
  'library/nginx',
  'a.b_c__d-e---f/g',
  'quay.io/coreos/etcd',
  'a/b/c/d/e/f/g/h',
  'blobs',
  'a/blobs/uploads',
  'manifests/tags/list',
  'constructor',
  longest,
])('%j is a name', (text) => {
  expect(isName(text)).toBe(true);
  expect(parseName(text)).toBe(text);
});

test.each([
  '',
  '/',
  'A',
  'Library/nginx',
  'a/',
  '/a',
  'a//b',
  'a/./b',
  'a/../b',
  '..',
  '-a',
  'a-',
  '_a',
  'a_',
  'a___b',
  'a..b',
  'a._b',
  'a.-b',
  'a:b',
  'a@b',
  'a b',
  'a\n',
  'a\u0000',
  'ä',
  '__proto__',
  `${longest}a`,
])('%j is no name', (text) => {
  expect(isName(text)).toBe(false);
  refusalOf(() => parseName(text), 'nameInvalid');
});

test('what is refused is not repeated at any length', () => {
  const error = refusalOf(() => parseName('A'.repeat(100_000)), 'nameInvalid');
  expect(JSON.stringify(error.detail).length).toBeLessThan(400);
});

test('a hostile text is refused in no time', () => {
  expect(isName(`${'a-'.repeat(100)}${'a_'.repeat(20)}!`)).toBe(false);
  expect(isName(`${'a'.repeat(10_000_000)}!`)).toBe(false);
});

describe('x and library/x', () => {
  test.each([
    ['nginx', ['nginx', 'library/nginx']],
    ['library/nginx', ['library/nginx', 'nginx']],
    ['library', ['library', 'library/library']],
    ['library/library', ['library/library', 'library']],
    ['library/a/b', ['library/a/b']],
    ['team/app', ['team/app']],
    ['libraryx/app', ['libraryx/app']],
  ])('%s is looked for as %j', (name, names) => {
    expect(readNames(parseName(name))).toEqual(names);
  });

  test.each([
    ['nginx', 'library/nginx'],
    ['library', 'library/library'],
    ['library/nginx', 'library/nginx'],
    ['team/app', 'team/app'],
  ])('%s is %s to Docker Hub', (name, asked) => {
    expect(libraryName(parseName(name))).toBe(asked);
  });
});
