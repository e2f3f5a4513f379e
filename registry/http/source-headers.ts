import type { Source } from '../repositories/index.ts';

/**
 * Who answered, how old it is, and whether it may be out of date. RFC 9111 5.1 for Age; every warning has the code
 * 299 by OCI distribution-spec 1.1, "Warnings".
 */
export function sourceHeaders({ member, age, stale }: Source): Record<string, string | number> {
  return {
    'Dockgate-Member': member,
    ...(age !== undefined && { Age: age }),
    ...(stale !== undefined && { Warning: `299 - "this copy may be out of date: ${headerText(stale)}"` }),
  };
}

/** Text that may stand in a quoted string of a header. RFC 9110 5.6.4. */
export function headerText(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e]/g, '?').replaceAll(/["\\]/g, "'");
}
