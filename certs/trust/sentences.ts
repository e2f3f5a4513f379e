import type { Change } from './ledger.ts';

const WORDS: Readonly<Record<Change, (path: string) => string>> = {
  written: (path) => `wrote ${path}`,
  unchanged: (path) => `${path} is as it should be`,
  removed: (path) => `removed ${path}`,
  restored: (path) => `put ${path} back as it was`,
  gone: (path) => `${path} was gone already`,
  left: (path) => `left ${path} alone, because somebody changed it since`,
};

/** What became of a file, for a person. */
export function inWords(change: Change, path: string): string {
  return WORDS[change](path);
}
