import type { Finding } from '../errors.ts';
import type { Outline } from '../outline.ts';
import { entriesOf } from './references.ts';

/** Only the default blob store has a folder of its own accord, and no two may share one. */
export function* checkBlobStores({ blobStores }: Outline): Iterable<Finding> {
  const owners = new Map<unknown, string>();
  for (const [name, { path: folder }] of entriesOf(blobStores)) {
    const path = ['blobStores', name, 'path'];
    if (folder === undefined && name !== 'default') {
      yield { path, message: 'is missing; it must be the folder of this blob store' };
    }
    const owner = folder === undefined ? undefined : owners.get(folder);
    if (owner !== undefined)
      yield { path, message: `is the folder of blob store "${owner}"; give each its own` };
    else owners.set(folder, name);
  }
}
