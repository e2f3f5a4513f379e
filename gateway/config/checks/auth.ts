import type { Finding } from '../errors.ts';
import type { Outline } from '../outline.ts';
import { checkReference, entriesOf } from './references.ts';

/** The role that may do everything; it is there without being configured. */
const builtIn = 'admin';

/** Users get roles that exist, and nobody redefines the one that is built in. */
export function* checkAuth({ auth: { roles, assign } }: Outline): Iterable<Finding> {
  if (roles !== undefined && Object.hasOwn(roles, builtIn)) {
    yield {
      path: ['auth', 'roles', builtIn],
      message: 'is built in and may do everything; choose another name',
    };
  }
  const known = roles && { ...roles, [builtIn]: {} };
  for (const [user, names] of entriesOf(assign)) {
    for (const [index, name] of names.entries()) {
      yield* checkReference(['auth', 'assign', user, index], name, 'role', known);
    }
  }
}
