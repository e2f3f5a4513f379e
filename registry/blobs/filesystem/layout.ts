import { join } from 'node:path';
import { algorithmOf, hexOf, type Digest } from '../../model/index.ts';

/**
 * Where things lie below the store's folder:
 *
 *   sha256/ab/abcdef…    a blob, by digest; two digits of fan-out keep folders small
 *   sha512/…
 *   incoming/<id>        bytes that are no blob yet; on the same file system, so that a rename makes them one
 */
export interface Layout {
  readonly root: string;
  readonly incoming: string;
  blob(digest: Digest): string;
  /** Throws for what is no id. */
  arriving(id: string): string;
}

/** True for what may be an id; other files in the folder are not ours. */
export function isId(text: string): boolean {
  return /^[A-Za-z0-9-]{1,64}$/.test(text);
}

/** The layout below `root`. */
export function layoutBelow(root: string): Layout {
  const incoming = join(root, 'incoming');
  return {
    root,
    incoming,
    blob: (digest) => join(root, algorithmOf(digest), hexOf(digest).slice(0, 2), hexOf(digest)),
    arriving(id) {
      // Ids are made by us; this is the second lock on the door.
      if (!isId(id)) throw new Error(`not an id: ${id.slice(0, 80)}`);
      return join(incoming, id);
    },
  };
}
