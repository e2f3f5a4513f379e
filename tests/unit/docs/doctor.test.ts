import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { checks } from '../../../doctor/checks/index.ts';

const text = await readFile(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');

test('docs/doctor.md has every check, in the order in which they run, and the cleanup', () => {
  const [, section = ''] = text.split('## Checks\n');
  const documented = [...section.matchAll(/^\| `([a-z-]+)` *\|/gm)].map(([, name]) => name);
  expect(documented).toEqual([...checks.map(({ name }) => name), 'cleanup']);
});

test('a check needs only those that run before it', () => {
  const names = checks.map(({ name }) => name);
  for (const { name, needs } of checks)
    for (const need of needs)
      expect(names.slice(0, names.indexOf(name)), `${name} needs ${need}`).toContain(need);
});
