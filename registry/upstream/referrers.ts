import { mediaTypes, parseReferrers, type Referrer } from '../model/index.ts';
import type { Answer } from './answer.ts';
import { UpstreamFailure } from './failure.ts';
import { nextPage } from './next-page.ts';
import { refusal } from './refusal.ts';

/** What a request for referrers carries. */
export const referrersHeaders = { accept: mediaTypes.ociIndex };

/** The most pages that are followed, so that a list that leads back into itself ends. */
const mostPages = 50;
/** In bytes; OCI distribution-spec 1.1 wants a page to be no larger than a manifest. */
const pageLimit = 4 * 1024 * 1024;
/** What a registry answers that does not know the address at all. */
const unknownStatuses: ReadonlySet<number> = new Set([400, 404, 405, 501]);

/**
 * All pages from `first` on; undefined when the upstream has no such API, which shows in its first answer.
 * Throws UpstreamFailure for a list that cannot be had whole. OCI distribution-spec 1.1, "Listing Referrers", end-12.
 */
export async function readReferrers(
  upstream: string,
  first: URL,
  ask: (url: URL) => Promise<Answer>,
): Promise<readonly Referrer[] | undefined> {
  const referrers: Referrer[] = [];
  let url: URL | undefined = first;
  for (let pages = 0; url && pages < mostPages; pages += 1) {
    const answer = await ask(url);
    const page = await readPage(upstream, answer);
    if (!page && pages === 0) return undefined;
    if (!page) throw noReferrers(upstream, url, 'broke off its list of referrers');
    referrers.push(...page);
    url = nextPage(answer, url);
  }
  if (url) throw noReferrers(upstream, url, 'has a list of referrers that does not end');
  return referrers;
}

/** The descriptors of one answer; undefined when it is no list of referrers. */
async function readPage(upstream: string, answer: Answer): Promise<readonly Referrer[] | undefined> {
  if (answer.status === 200) return parseReferrers(await answer.read(pageLimit));
  if (!unknownStatuses.has(answer.status)) throw refusal(upstream, answer);
  answer.drop();
  return undefined;
}

function noReferrers(upstream: string, url: URL, what: string): UpstreamFailure {
  return new UpstreamFailure(upstream, 'bad-answer', `${url.host} ${what}: check that it is a registry`);
}
