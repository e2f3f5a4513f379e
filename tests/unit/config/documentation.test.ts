import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { schema } from '../../../gateway/config/schema.ts';

const text = await readFile(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

test('every key is in docs/configuration.md, and every key there exists', () => {
  const documented = [...text.matchAll(/^\| `([^`-][^`]*)` +\|/gm)].map(([, key = '']) => key);
  expect(documented.toSorted()).toEqual([...new Set(keysOf(schema, ''))].toSorted());
});

/** `hosts.NAME.read` for a key in a named entry, `auth.roles.NAME[].names` for one in a list. */
function keysOf(part: z.core.$ZodType, path: string): string[] {
  if (part instanceof z.ZodDefault || part instanceof z.ZodPrefault || part instanceof z.ZodOptional) {
    return keysOf(part.def.innerType, path);
  }
  if (part instanceof z.ZodRecord) return keysOf(part.valueType, `${path}.NAME`);
  if (part instanceof z.ZodArray && keysOf(part.element, '').join('') !== '')
    return keysOf(part.element, `${path}[]`);
  if (part instanceof z.ZodDiscriminatedUnion) return part.options.flatMap((option) => keysOf(option, path));
  if (part instanceof z.ZodObject) {
    const shape: Record<string, z.core.$ZodType> = part.shape;
    return Object.entries(shape).flatMap(([key, value]) =>
      keysOf(value, path === '' ? key : `${path}.${key}`),
    );
  }
  return [path];
}
