import { z } from 'zod';
import { BadValue } from './errors.ts';
import { didYouMean } from './suggest.ts';

/** A mapping whose keys are all known; each unknown one is a mistake of its own, explained by `advice`. */
export function mapping<Shape extends z.ZodRawShape>(
  shape: Shape,
  advice: (key: string) => string = () => '',
): z.ZodObject<Shape, z.core.$strict> {
  const unknown = z.custom<never>(() => false, {
    error: ({ path = [] }) => {
      const key = String(path.at(-1));
      return `${unknownKey}${advice(key) || didYouMean(key, Object.keys(shape)) || choice(Object.keys(shape))}`;
    },
  });
  // zod reports the unknown keys of a strictObject together, which would give them one place.
  const base = z.object(shape, { error: ({ input }) => wanted('a mapping, key: value', input) });
  return base.catchall(unknown);
}

/** The keys of a small mapping; a long list would not be read. */
function choice(keys: readonly string[]): string {
  return keys.length > 6 ? '' : `; choose from ${keys.join(', ')}`;
}

/** A mapping from names of the user's choice; the names are checked with the references to them. */
export function named<Value extends z.ZodType>(value: Value): z.ZodRecord<z.ZodString, Value> {
  return z.record(z.string(), value, { error: ({ input }) => wanted('a mapping, name: value', input) });
}

/** A list; of one value, too, it is written as one. */
export function list<Value extends z.ZodType>(value: Value): z.ZodArray<Value> {
  return z.array(value, { error: ({ input }) => wanted('a list, such as [a, b]', input) });
}

/** A list of at least one, or a single value that stands for a list of it. */
export function oneOrMore<Value extends z.ZodType>(value: Value) {
  const several = list(value).min(1, 'is empty; give at least one');
  return z.unknown().transform((input, context): z.output<Value>[] => {
    const read = Array.isArray(input) ? several.safeParse(input) : value.safeParse(input);
    if (read.success) return Array.isArray(read.data) ? read.data : [read.data];
    for (const { path, message } of read.error.issues) context.addIssue({ code: 'custom', path, message });
    return z.NEVER;
  });
}

/** A value that `parse` reads from what stands in the file; `kind` says what is wanted when it is not plain text. */
export function parsed<Value>(kind: string, parse: (text: string) => Value) {
  return z
    .union([z.string(), z.number(), z.boolean()], { error: ({ input }) => wanted(kind, input) })
    .transform((value, context) => {
      try {
        return parse(String(value));
      } catch (error) {
        if (!(error instanceof BadValue)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
        return z.NEVER;
      }
    });
}

/** Text that is not empty. */
export const text = z
  .string({
    error: ({ input }) => wanted(`text${typeof input === 'number' ? '; put it in quotes' : ''}`, input),
  })
  .min(1, 'is empty; give a value, or take the key out');

/** true or false; also as the text that an expanded variable gives. */
export const flag = parsed('true or false', (value) => {
  if (value !== 'true' && value !== 'false') throw new BadValue('must be true or false');
  return value === 'true';
});

/** One of a few words. */
export function word<const Words extends readonly [string, ...string[]]>(...words: Words) {
  const kind = words.length > 1 ? `one of ${words.join(', ')}` : words[0];
  return z.enum(words, {
    error: ({ input }) => wanted(kind, input) + (typeof input === 'string' ? didYouMean(input, words) : ''),
  });
}

/** How a finding about a key that does not exist begins. */
export const unknownKey = 'unknown key';

/** What to say to a value of the wrong kind. */
export function wanted(kind: string, input: unknown): string {
  if (input === undefined) return `is missing; it must be ${kind}`;
  if (input === null) return `has no value; it must be ${kind}`;
  return `must be ${kind}`;
}
