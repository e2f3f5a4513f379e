import type { Finding, Path } from '../errors.ts';
import { didYouMean } from '../suggest.ts';

/**
 * A finding when the value is a name that is not among the known ones.
 * A value of another kind is the schema's to report; when nothing is known, nothing can be missed.
 */
export function* checkReference(
  path: Path,
  value: unknown,
  kind: string,
  known: Readonly<Record<string, unknown>> | undefined,
): Iterable<Finding> {
  if (typeof value !== 'string' || value === '' || known === undefined || Object.hasOwn(known, value)) return;
  const names = Object.keys(known);
  const hint = didYouMean(value, names) || `; choose from ${names.join(', ')}`;
  yield { path, message: `there is no ${kind} "${value}"${hint}` };
}

/** The entries of a part of the outline that can be seen. */
export function entriesOf<Value>(
  part: Readonly<Record<string, Value>> | undefined,
): [string, NonNullable<Value>][] {
  return Object.entries(part ?? {}).flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, value]],
  );
}
