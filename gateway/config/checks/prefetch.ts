import type { Finding } from '../errors.ts';
import type { Outline } from '../outline.ts';
import { isAddress } from '../targets.ts';
import { entriesOf } from './references.ts';

/** What is prefetched is read as a client would read it, so a host must read from a repository that is ours. */
export function* checkPrefetch({ prefetch, hosts }: Outline): Iterable<Finding> {
  if (prefetch === undefined || prefetch === null || hosts === undefined) return;
  const reads = entriesOf(hosts).flatMap(([, { read }]) => read);
  if (!reads.some((read) => read !== undefined && !isAddress(read))) {
    const message =
      'goes through a host, and none reads from a repository; add one to hosts, or take prefetch out';
    yield { path: ['prefetch'], message };
  }
}
