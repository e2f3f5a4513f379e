import { join } from 'node:path';
import { openSqlite, type Metadata } from '../../../registry/metadata/index.ts';

/** A way to keep metadata: where a new store lies, below a folder of the test's own, and how it is opened. */
export interface Implementation {
  readonly locate: (folder: string) => string;
  readonly open: (location: string) => Promise<Metadata>;
}

/** Every implementation of Metadata; each passes the same tests. */
export const implementations: Readonly<Record<string, Implementation>> = {
  sqlite: { locate: (folder) => join(folder, 'metadata.db'), open: openSqlite },
};

/** The implementation of that title; throws when there is none. */
export function implementation(title: string): Implementation {
  const found = implementations[title];
  if (!found) throw new Error(`there is no implementation ${title}`);
  return found;
}
