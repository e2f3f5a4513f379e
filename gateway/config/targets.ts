import type { Target } from './config.ts';
import { parseLabel } from './names.ts';
import { parseRegistryUrl } from './urls.ts';

/** Whether a target is meant to be an address and not the name of a repository. */
export function isAddress(value: unknown): boolean {
  return typeof value === 'string' && /[:/]/.test(value);
}

/** Where the reads or the writes of a host go: the name of a repository, or a URL. Throws BadValue. */
export function parseTarget(text: string): Target {
  return isAddress(text) ? { address: parseRegistryUrl(text) } : { repository: parseLabel(text) };
}
