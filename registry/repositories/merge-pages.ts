import { cutPage, type Page, type PageOf } from '../model/index.ts';

/** The sorted union of pages that were each read with the same `page` (trap T14). */
export function mergePages<T extends string>(pages: readonly PageOf<T>[], page: Page): PageOf<T> {
  const [only, ...others] = pages;
  if (only && others.length === 0) return only;
  const union = [...new Set(pages.flatMap((each) => each.entries))].sort();
  const cut = cutPage(union, page, (entry) => entry);
  return { entries: cut.entries, more: cut.more || (page.size !== 0 && pages.some((each) => each.more)) };
}
