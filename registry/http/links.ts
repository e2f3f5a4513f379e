import type { Page } from '../model/index.ts';

/** A Link header to the page after `last`, relative (trap T9). RFC 8288; OCI distribution-spec 1.1, "Listing Tags". */
export function nextLink(
  path: string,
  page: Page,
  last: string | undefined,
  query: Record<string, string> = {},
): Record<string, string> {
  if (last === undefined) return {};
  const next = new URLSearchParams({
    ...query,
    ...(page.size !== undefined && { n: String(page.size) }),
    last,
  });
  return { Link: `<${path}?${next.toString()}>; rel="next"` };
}
