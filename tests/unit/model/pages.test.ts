import { describe, expect, test } from 'vitest';
import { cutPage, parsePage, type Page } from '../../../registry/model/index.ts';
import { refusalOf } from './refusal.ts';

test.each([
  ['', undefined, undefined],
  ['n=', undefined, undefined],
  ['n=0', 0, undefined],
  ['n=5', 5, undefined],
  ['n=005', 5, undefined],
  ['n=999999999', 999_999_999, undefined],
  ['last=b', undefined, 'b'],
  ['n=2&last=a%2Fb', 2, 'a/b'],
  ['n=2&n=3', 2, undefined],
  ['last=', undefined, ''],
])('%j wants %j after %j', (query, size, last) => {
  expect(parsePage(new URLSearchParams(query))).toEqual({ size, last });
});

test.each(['-1', '1.5', '1e3', 'all', ' 1', '0x10', '1000000000', '9'.repeat(5000)])(
  'n=%s is refused',
  (n) => {
    const error = refusalOf(() => parsePage(new URLSearchParams({ n })), 'pageInvalid');
    expect(JSON.stringify(error.detail).length).toBeLessThan(100);
  },
);

describe('a page of a list', () => {
  const list = ['0', 'A', 'a', 'b', 'c'];
  const cut = (size: Page['size'], last: Page['last']) => cutPage(list, { size, last }, (entry) => entry);

  test.each([
    [undefined, undefined, list, false],
    [undefined, 'a', ['b', 'c'], false],
    [2, undefined, ['0', 'A'], true],
    [2, 'A', ['a', 'b'], true],
    [2, 'a', ['b', 'c'], false],
    [5, undefined, list, false],
    [2, 'aa', ['b', 'c'], false],
    [2, 'B', ['a', 'b'], true],
    [2, 'c', [], false],
    [2, 'zz', [], false],
    [0, undefined, [], false],
    [0, 'a', [], false],
    [1, '', ['0'], true],
  ])('%j after %j is %j, more: %j', (size, last, entries, more) => {
    expect(cut(size, last)).toEqual({ entries, more });
  });

  test('following the pages gives everything once', () => {
    const seen: string[] = [];
    for (let last: string | undefined, more = true, pages = 0; more && pages < 9; pages += 1) {
      const page = cut(2, last);
      seen.push(...page.entries);
      last = seen.at(-1);
      more = page.more;
    }
    expect(seen).toEqual(list);
  });

  test('entries are cut by their key', () => {
    const entries = [{ key: 'a' }, { key: 'b' }];
    expect(cutPage(entries, { size: 1, last: 'a' }, (entry) => entry.key).entries).toEqual([{ key: 'b' }]);
  });
});
