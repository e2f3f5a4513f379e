import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { endpointMethods, errorTable } from '../../../registry/model/index.ts';

const text = await readFile(new URL('../../../docs/http.md', import.meta.url), 'utf8');

/** The cells of every row of the tables, by the heading of the section. */
function rowsOf(heading: string): string[][] {
  const section = text.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| (.*) \|$/gm)].map(([, row = '']) =>
    row.split(' | ').map((cell) => cell.trim()),
  );
}

const quoted = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word);

describe('docs/http.md and the table of errors', () => {
  test('have the same kinds with the same code, status and message', () => {
    const documented = rowsOf('Errors').filter(([kind]) => kind?.startsWith('`'));
    const rows = Object.entries(errorTable).map(([kind, { code, status, message }]) => [
      `\`${kind}\``,
      code,
      String(status),
      message,
    ]);
    expect(documented).toEqual(rows);
  });

  test('every kind belongs to an end-point, and there are no others', () => {
    const named = rowsOf('End-points').flatMap((cells) =>
      (cells.length === 2 ? cells.slice(1) : cells.slice(4)).flatMap(quoted),
    );
    const kinds = new Set(named.filter((word) => /^[a-z]+[A-Za-z]*$/.test(word)));
    expect([...kinds].toSorted()).toEqual(Object.keys(errorTable).toSorted());
  });
});

describe('docs/http.md and the end-points', () => {
  const samples: readonly (readonly [string, string])[] = [
    ['<name>', 'library/nginx'],
    ['<reference>', 'latest'],
    ['<digest>', `sha256:${'a'.repeat(64)}`],
    ['<id>', '0b0a2c'],
  ];
  const documented = rowsOf('End-points')
    .filter(([path]) => path?.startsWith('`/v'))
    .map(([path, methods = '']) => ({ path: quoted(path)[0] ?? '', methods: methods.split(', ') }));

  const endpointOf = (path: string): (typeof endpointMethods)[number] | undefined => {
    const sample = samples.reduce((made, [from, to]) => made.replace(from, to), path);
    return endpointMethods.find((endpoint) => endpoint.path.test(sample));
  };

  test.each(documented)('$path has its methods', ({ path, methods }) => {
    expect(methods).toEqual(endpointOf(path)?.methods);
  });

  test('every end-point is there, once', () => {
    expect(documented.map(({ path }) => endpointOf(path))).toEqual(endpointMethods);
  });

  test('every number from end-1 to end-14 is there', () => {
    const numbers = rowsOf('End-points').flatMap((cells) => [...(cells[2] ?? '').matchAll(/end-(\d+)/g)]);
    const all = new Set(numbers.map(([, number]) => Number(number)));
    expect([...all].toSorted((one, other) => one - other)).toEqual(
      Array.from({ length: 14 }, (_, at) => at + 1),
    );
  });
});
