import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { rules } from '../../../nginx-compat/lint/index.ts';

test('docs/nginx.md has every rule of the linter, and no other', () => {
  const text = readFileSync(new URL('../../../docs/nginx.md', import.meta.url), 'utf8');
  const table = text.slice(text.indexOf('| rule '));
  const named = [...table.matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name);
  expect(named.toSorted()).toEqual([...rules.map(({ id }) => id), 'file'].toSorted());
});
