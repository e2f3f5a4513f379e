import type { Target } from './config.ts';
import { parseLabel } from './names.ts';
import { parseRegistryUrl } from './urls.ts';

/** Where the reads or the writes of a host go: the name of a repository, or a URL. Throws BadValue. */
export function parseTarget(text: string): Target {
  return /[:/]/.test(text) ? { address: parseRegistryUrl(text) } : { repository: parseLabel(text) };
}
