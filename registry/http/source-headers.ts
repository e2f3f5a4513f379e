import type { Source } from '../repositories/index.ts';
import type { Facts } from './exchange.ts';

/**
 * Who answered, who was asked before and did not have it, how old it is, and whether it may be out of date.
 * RFC 9111 5.1 for Age; every warning has the code 299 by OCI distribution-spec 1.1, "Warnings".
 */
export function sourceHeaders(source: Source, facts: Facts): Record<string, string | number> {
  const { member, age, stale, passed } = source;
  note(source, facts);
  return {
    'Dockgate-Member': member,
    ...(passed !== undefined && { 'Dockgate-Passed': passed.join(', ') }),
    ...(age !== undefined && { Age: age }),
    ...(stale !== undefined && { Warning: `299 - "this copy may be out of date: ${headerText(stale)}"` }),
  };
}

/** The same for the log. */
function note({ member, from, age, stale, passed }: Source, facts: Facts): void {
  facts.member = member;
  facts.source = from;
  if (age !== undefined) facts.age = age;
  if (stale !== undefined) facts.stale = stale;
  if (passed !== undefined) facts.passed = passed;
}

/** Text that may stand in a quoted string of a header. RFC 9110 5.6.4. */
export function headerText(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e]/g, '?').replaceAll(/["\\]/g, "'");
}
