import type { Operator, PrefetchEvent } from '../../registry/index.ts';
import { BadValue } from '../config/errors.ts';
import { parsePlatform } from '../config/platforms.ts';
import { BadRequest } from './bad-request.ts';
import type { ReadImage, RequestedImage } from './image.ts';
import type { Route } from './route.ts';

/** What prefetching needs. */
export interface PrefetchParts {
  readonly operator: Pick<Operator, 'prefetch'>;
  readonly readImage: ReadImage;
}

/** Which platforms of an image, and until when. */
export interface PrefetchWish {
  readonly platforms: readonly string[] | 'all';
  readonly signal: AbortSignal;
}

/** The same as that of the configuration's own list. */
const defaultPlatforms = ['linux/amd64'];

/** Fetches images into the caches, and says how it goes. */
export function prefetchRoute(parts: PrefetchParts): Route {
  return {
    method: 'POST',
    path: '/api/v1/prefetch',
    need: 'admin',
    async answer({ body, signal }) {
      const { images, platforms } = wishOf(await body());
      const requested = images.map((image) => parts.readImage(image));
      return { events: prefetchImages(parts.operator, requested, { platforms, signal }) };
    },
  };
}

/** Fetches one image after the other; each ends with `done` or `failed`, and one that fails stops no other. */
export async function* prefetchImages(
  operator: Pick<Operator, 'prefetch'>,
  images: readonly RequestedImage[],
  wish: PrefetchWish,
): AsyncIterable<PrefetchEvent> {
  for (const { image, repository, name, reference } of images) {
    try {
      wish.signal.throwIfAborted();
      for await (const event of operator.prefetch(repository, [{ name, reference }], wish))
        yield { ...event, image };
    } catch (fault) {
      yield { image, kind: 'failed', reason: fault instanceof Error ? fault.message : String(fault) };
    }
  }
}

function wishOf(body: unknown): { images: readonly string[]; platforms: readonly string[] | 'all' } {
  if (typeof body !== 'object' || body === null) throw new BadRequest('send {"images": ["nginx:1.27"]}');
  const { images, platforms, allPlatforms } = body as Readonly<Record<string, unknown>>;
  if (!isTexts(images) || images.length === 0)
    throw new BadRequest('"images" must be a list of images such as "nginx:1.27"');
  if (allPlatforms !== undefined && typeof allPlatforms !== 'boolean')
    throw new BadRequest('"allPlatforms" must be true or false');
  if (allPlatforms && platforms !== undefined)
    throw new BadRequest('"allPlatforms" and "platforms" exclude each other');
  return { images, platforms: allPlatforms ? 'all' : platformsOf(platforms) };
}

function platformsOf(platforms: unknown): readonly string[] | 'all' {
  if (platforms === undefined) return defaultPlatforms;
  if (!isTexts(platforms) || platforms.length === 0)
    throw new BadRequest('"platforms" must be a list of platforms such as "linux/amd64"');
  return platforms.includes('all') ? 'all' : platforms.map(platform);
}

function platform(text: string): string {
  try {
    return parsePlatform(text);
  } catch (fault) {
    if (fault instanceof BadValue) throw new BadRequest(`"${text}" ${fault.message}`, { cause: fault });
    throw fault;
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
