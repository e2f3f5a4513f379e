import { isTag, type Tag } from '../model/index.ts';
import type { Answer } from './answer.ts';
import { UpstreamFailure } from './failure.ts';
import { nextPage } from './next-page.ts';

/** How many tags are asked for at once; some registries give fewer. */
export const tagsPerPage = 1000;
/** The most pages that are followed, so that a list that leads back into itself ends. */
export const mostTagPages = 200;
const pageLimit = 8 * 1024 * 1024;

/** One page of tags, and where the next one is. */
export interface TagPage {
  readonly tags: readonly Tag[];
  readonly next: URL | undefined;
}

/** Reads an answer of 200 to `asked`; throws UpstreamFailure. OCI distribution-spec 1.1, "Listing Tags". */
export async function readTagPage(upstream: string, answer: Answer, asked: URL): Promise<TagPage> {
  const tags = parseTags(await answer.read(pageLimit));
  if (!tags) throw noTags(upstream, answer.url, 'sent something else than a list of tags');
  return { tags, next: nextPage(answer, asked) };
}

/** The failure of an upstream whose list of tags cannot be had whole. */
export function noTags(upstream: string, url: URL, what: string): UpstreamFailure {
  return new UpstreamFailure(upstream, 'bad-answer', `${url.host} ${what}: check that it is a registry`);
}

function parseTags(bytes: Buffer): readonly Tag[] | undefined {
  try {
    const answer = JSON.parse(bytes.toString()) as { tags?: unknown } | null;
    // A name without tags is null in the older registries, which are written in Go.
    const tags = answer?.tags === null ? [] : answer?.tags;
    if (!Array.isArray(tags)) return undefined;
    return tags.filter((tag): tag is Tag => typeof tag === 'string' && isTag(tag));
  } catch {
    return undefined;
  }
}
