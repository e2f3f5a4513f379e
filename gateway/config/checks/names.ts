import { BadValue } from '../errors.ts';
import type { Finding, Path } from '../errors.ts';
import { parseHostname } from '../hostnames.ts';
import { parseLabel } from '../names.ts';
import type { Outline } from '../outline.ts';
import { parsePort } from '../ports.ts';

/** Names that the user chose: each must be one, and two that are written differently must not be the same. */
export function* checkNames(outline: Outline): Iterable<Finding> {
  yield* checkKeys(['hosts'], outline.hosts, parseHostname);
  yield* checkKeys(['connectors'], outline.connectors, parsePort);
  yield* checkKeys(['blobStores'], outline.blobStores, parseLabel);
  yield* checkKeys(['repositories'], outline.repositories, parseLabel);
  yield* checkKeys(['auth', 'roles'], outline.auth.roles, parseLabel);
}

function* checkKeys(
  section: Path,
  part: Readonly<Record<string, unknown>> | undefined,
  parse: (text: string) => unknown,
): Iterable<Finding> {
  const seen = new Map<unknown, string>();
  for (const key of Object.keys(part ?? {})) {
    const path = [...section, key];
    try {
      const name = parse(key);
      const first = seen.get(name);
      if (first !== undefined) yield { path, message: `is the same as "${first}"; keep one` };
      else seen.set(name, key);
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      yield { path, message: error.message };
    }
  }
}
