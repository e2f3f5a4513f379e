import type { Finding } from '../errors.ts';
import type { Outline } from '../outline.ts';

/** Images to prefetch are named as behind a host: the host itself would be taken for a part of the name. */
export function* checkPrefetch({ prefetch, hosts }: Outline): Iterable<Finding> {
  for (const [index, image] of (prefetch.images ?? []).entries()) {
    const [first = '', ...rest] = image?.split('/') ?? [];
    if (rest.length > 0 && Object.hasOwn(hosts ?? {}, first)) {
      yield {
        path: ['prefetch', 'images', index],
        message: `begins with the host ${first}; write only what comes behind it: ${rest.join('/')}`,
      };
    }
  }
}
