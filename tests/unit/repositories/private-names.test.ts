import { describe, expect, test } from 'vitest';
import { parseName } from '../../../registry/model/index.ts';
import { PrivateNames } from '../../../registry/repositories/private-names.ts';
import type { RepositorySettings } from '../../../registry/repositories/index.ts';
import { hosted, proxy } from './engine.ts';

/** Names as a hosted repository keeps them private that holds these, beside two upstreams and a cache with those. */
function privateNames(
  patterns: readonly string[],
  held: readonly string[] = [],
  cached: readonly string[] = [],
): PrivateNames {
  const settings = new Map<string, RepositorySettings>([
    ['own', hosted({ private: patterns })],
    ['more', hosted({ private: ['other/**'] })],
    ['hub', proxy('http://hub.test', { prefix: 'docker.io' })],
    ['quay', proxy('http://quay.test', { prefix: 'quay' })],
  ]);
  const names: Readonly<Record<string, readonly string[]>> = { own: held, hub: cached };
  return new PrivateNames(settings, {
    listNames: (repository) =>
      Promise.resolve({ entries: (names[repository] ?? []).map(parseName), more: false }),
  });
}

describe('a name', () => {
  const names = privateNames(['wombat/**', 'quokka', 'library/kowari', '*/numbat-*']);

  test.each([
    'wombat/app',
    'wombat/deep/down',
    'quokka',
    'library/quokka',
    'kowari',
    'library/kowari',
    'team/numbat-tool',
    'other/app',
    'docker.io/wombat/app',
    'docker.io/library/quokka',
    'quay/wombat/app',
    'quay/docker.io/wombat/app',
    'registry.example.com/quokka',
    'localhost/kowari',
    'library/wombat/app',
    'docker.io/library/wombat/app',
    'a.b/c.d/localhost/library/quokka',
  ])('%s is private', (name) => {
    expect(names.has(parseName(name))).toBe(true);
  });

  test.each([
    'wombat',
    'team/wombat/app',
    'team/quokka',
    'someone/kowari',
    'numbat-tool/x',
    'docker.io/nginx',
    'quay/coreos/etcd',
    'wombats/app',
  ])('%s is not', (name) => {
    expect(names.has(parseName(name))).toBe(false);
  });
});

describe('a search', () => {
  test.each([
    'wombat',
    'WOMBAT',
    'wom',
    'wombat/',
    '/wombat',
    'wombat/none',
    'none wombat',
    'docker.io/wombat',
    'quay/wombat/app',
    'registry.example.com/wombat/app:1.0',
    'https://registry.example.com/wombat/app',
    'http://quay/wombat',
    '"wombat"',
    "'wombat/app'",
    'nginx,wombat',
    'nginx+wombat',
    'name:wombat',
    'wombat@sha256:abc',
    'quokka',
    'library/quokka',
    'kow',
    'library/kow',
    'team/numbat-tool',
    'other',
  ])('for %s tells of a private name', async (query) => {
    const names = privateNames(['wombat/**', 'quokka', 'library/kowari', '*/numbat-*']);
    expect(await names.areIn(query)).toBe(true);
  });

  test.each(['nginx', 'docker.io/nginx', 'nginx:1.27', 'bat', '', '   ', '///', '""', '日本'])(
    'for %s does not',
    async (query) => {
      const names = privateNames(['wombat/**', 'quokka', 'library/kowari', '*/numbat-*']);
      expect(await names.areIn(query)).toBe(false);
    },
  );

  test('for a word that occurs in private names alone does', async () => {
    const held = ['wombat/tasmania', 'team/app'];
    const names = privateNames(['wombat/**'], held);
    expect(await names.areIn('tasmania')).toBe(true);
    expect(await names.areIn('TASM')).toBe(true);
    expect(await names.areIn('app tasmania')).toBe(true);
    expect(await names.areIn('app')).toBe(false);
    expect(await names.areIn('unheard-of')).toBe(false);
    expect(await privateNames(['wombat/**'], held, ['island/tasmania']).areIn('tasmania')).toBe(false);
  });

  test('that several upstreams are to answer at once is looked into once', async () => {
    const settings = new Map<string, RepositorySettings>([['own', hosted({ private: ['wombat/**'] })]]);
    let looked = 0;
    const listNames = () => {
      looked += 1;
      return Promise.resolve({ entries: [parseName('wombat/tasmania')], more: false });
    };
    const names = new PrivateNames(settings, { listNames });
    const three = ['tasmania', 'tasmania', 'island'].map((query) => names.areIn(query));
    expect([await Promise.all(three), looked]).toEqual([[true, true, false], 2]);
    expect([await names.areIn('tasmania'), looked]).toEqual([true, 3]);
  });

  test('tells of nothing where nothing is private', async () => {
    const settings = new Map([['own', hosted()]]);
    const listNames = () => Promise.reject(new Error('nobody need look'));
    const names = new PrivateNames(settings, { listNames });
    expect(names.has(parseName('wombat/app'))).toBe(false);
    expect(await names.areIn('wombat')).toBe(false);
  });
});
