import type { z } from 'zod';
import type { Target } from './config.ts';
import { parseLabel } from './names.ts';
import { findRepeated, parseRegistryUrl } from './urls.ts';

/** Whether a target is meant to be an address and not the name of a repository. */
export function isAddress(value: unknown): boolean {
  return typeof value === 'string' && /[:/]/.test(value);
}

/** Where the reads or the writes of a host go: the name of a repository, or a URL. Throws BadValue. */
export function parseTarget(text: string): Target {
  return isAddress(text) ? { addresses: [parseRegistryUrl(text)] } : { repository: parseLabel(text) };
}

/** Several targets are the addresses of one registry; a list of repositories is a group. */
export function refuseMixed(targets: readonly Target[], context: z.RefinementCtx): void {
  if (targets.length < 2) return;
  const addresses: URL[] = [];
  for (const [index, target] of targets.entries()) {
    if ('addresses' in target) addresses.push(...target.addresses);
    else {
      const message = `"${target.repository}" is a repository; only addresses of one registry can be several, a list of repositories is a group`;
      context.addIssue({ code: 'custom', path: [index], message });
    }
  }
  if (addresses.length < targets.length) return;
  for (const { index, first } of findRepeated(addresses)) {
    context.addIssue({
      code: 'custom',
      path: [index],
      message: `is the same server as read[${first}]; keep one`,
    });
  }
}
