import { isTag, type Tag } from '../model/index.ts';
import type { Answer } from './answer.ts';
import { UpstreamFailure } from './failure.ts';
import { nextPage } from './next-page.ts';

/** How many tags are asked for at once; some registries give fewer. */
export const tagsPerPage = 1000;
/** The most pages that are followed, so that a list that leads back into itself ends. */
const mostPages = 200;
const pageLimit = 8 * 1024 * 1024;

/**
 * All tags from the page at `first` on; undefined when `ask` has no answer to the first, as there is no such name.
 * Throws UpstreamFailure for a list that cannot be had whole. OCI distribution-spec 1.1, "Listing Tags".
 */
export async function readTags(
  upstream: string,
  first: URL,
  ask: (url: URL) => Promise<Answer | undefined>,
): Promise<readonly Tag[] | undefined> {
  const tags: Tag[] = [];
  let url: URL | undefined = first;
  for (let pages = 0; url && pages < mostPages; pages += 1) {
    const answer = await ask(url);
    if (!answer && pages === 0) return undefined;
    if (!answer) throw noTags(upstream, url, 'broke off its list of tags');
    const page = parseTags(await answer.read(pageLimit));
    if (!page) throw noTags(upstream, answer.url, 'sent something else than a list of tags');
    tags.push(...page);
    url = nextPage(answer, url);
  }
  if (url) throw noTags(upstream, url, 'has a list of tags that does not end');
  return tags;
}

/** The failure of an upstream whose list of tags cannot be had whole. */
function noTags(upstream: string, url: URL, what: string): UpstreamFailure {
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
