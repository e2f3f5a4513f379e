import { RegistryError, type Operation } from '../model/index.ts';
import type { Handler } from './handler.ts';
import { nextLink } from './links.ts';
import { headerText } from './source-headers.ts';

/** Tags of a name. OCI distribution-spec 1.1, "Listing Tags", end-8. */
export const listTags: Handler<Extract<Operation, { kind: 'tags' }>> = async (
  _,
  { name, page },
  { source, reach },
) => {
  const tags = await source.listTags(name, page, reach);
  if (!tags) throw new RegistryError('nameUnknown', { detail: { name } });
  return {
    status: 200,
    headers: {
      ...(tags.more && nextLink(`/v2/${name}/tags/list`, page, tags.entries.at(-1))),
      ...(tags.incomplete !== undefined && {
        Warning: `299 - "tags may be missing: ${headerText(tags.incomplete)}"`,
      }),
    },
    body: { json: { name, tags: tags.entries } },
  };
};
