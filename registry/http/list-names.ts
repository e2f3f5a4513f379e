import type { Caller, Name, Operation, Page, PageOf } from '../model/index.ts';
import type { ReadableRepository } from '../repositories/index.ts';
import type { Handler } from './handler.ts';
import { nextLink } from './links.ts';

/** Names in the repository, as far as the caller may pull them. Docker Registry API v2, "Listing Repositories". */
export const listNames: Handler<Extract<Operation, { kind: 'catalog' }>> = async (
  { caller },
  { page },
  { source },
) => {
  const names = await visibleNames(source, page, caller);
  return {
    status: 200,
    headers: names.more ? nextLink('/v2/_catalog', page, names.entries.at(-1)) : {},
    body: { json: { repositories: names.entries } },
  };
};

/** A page of what a caller may see, read on until it is full. */
export async function visibleNames(
  source: ReadableRepository,
  page: Page,
  caller: Caller,
): Promise<PageOf<Name>> {
  const { size } = page;
  if (size === undefined || size === 0) {
    const all = await source.listNames(page);
    return { ...all, entries: all.entries.filter((name) => caller.maySee(name)) };
  }
  const seen: Name[] = [];
  for (let last = page.last; ;) {
    const next = await source.listNames({ size, last });
    seen.push(...next.entries.filter((name) => caller.maySee(name)));
    if (!next.more || seen.length > size) return { entries: seen.slice(0, size), more: seen.length > size };
    last = next.entries.at(-1);
  }
}
