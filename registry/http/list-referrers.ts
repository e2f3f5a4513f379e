import { cutPage, mediaTypes, type Operation } from '../model/index.ts';
import type { Handler } from './handler.ts';
import { nextLink } from './links.ts';

/** What refers to a manifest; an empty index when nothing does. OCI distribution-spec 1.1, "Listing Referrers", end-12. */
export const listReferrers: Handler<Extract<Operation, { kind: 'referrers' }>> = async (
  _,
  { name, digest, artifactType, page },
  { source, reach },
) => {
  const all = await source.listReferrers(name, digest, reach);
  const wanted = artifactType === undefined ? all : all.filter((each) => each.artifactType === artifactType);
  const { entries, more } = cutPage(wanted, page, (each) => each.digest);
  const filter: Record<string, string> = artifactType === undefined ? {} : { artifactType };
  const link = more ? nextLink(`/v2/${name}/referrers/${digest}`, page, entries.at(-1)?.digest, filter) : {};
  const manifests = entries.map(({ annotations, ...each }) => ({
    ...each,
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }));
  return {
    status: 200,
    headers: {
      'Content-Type': mediaTypes.ociIndex,
      ...(artifactType !== undefined && { 'OCI-Filters-Applied': 'artifactType' }),
      ...link,
    },
    body: {
      bytes: Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests })),
    },
  };
};
