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
  /** A blob's file as seen from `root`, with slashes. */
  name(digest: Digest): string;
  /** Throws for what is no id. */
  arriving(id: string): string;
}

/** Who may read the files of a store, apart from root. */
export type Readers = 'owner' | 'group';

/** The permissions of folders and of files. */
export interface Modes {
  readonly folder: number;
  readonly file: number;
}

/** The permissions by which only these can read; only the owner ever writes. */
export function modesFor(readers: Readers): Modes {
  return readers === 'group' ? { folder: 0o750, file: 0o640 } : { folder: 0o700, file: 0o600 };
}

/** True for what may be an id; other files in the folder are not ours. */
export function isId(text: string): boolean {
  return /^[A-Za-z0-9-]{1,64}$/.test(text);
}

/** The layout below `root`. */
export function layoutBelow(root: string): Layout {
  const incoming = join(root, 'incoming');
  const name = (digest: Digest): string =>
    `${algorithmOf(digest)}/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`;
  return {
    root,
    incoming,
    name,
    blob: (digest) => join(root, name(digest)),
    arriving(id) {
      // Ids are made by us; this is the second lock on the door.
      if (!isId(id)) throw new Error(`not an id: ${id.slice(0, 80)}`);
      return join(incoming, id);
    },
  };
}
