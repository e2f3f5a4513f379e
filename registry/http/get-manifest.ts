import { RegistryError, type Operation } from '../model/index.ts';
import { etagOf, isNotModified } from './conditional.ts';
import type { Handler } from './handler.ts';
import { sourceHeaders } from './source-headers.ts';

/** GET and HEAD of a manifest. OCI distribution-spec 1.1, "Pulling manifests", end-3. */
export const getManifest: Handler<Extract<Operation, { kind: 'manifest-get' }>> = async (
  { req, facts },
  { name, reference },
  { source, reach },
) => {
  const found = await source.findManifest(name, reference, reach);
  if (!found) {
    throw new RegistryError('manifestUnknown', { detail: { name, ...reference } });
  }
  facts.member = found.member;
  facts.digest = found.digest;
  const headers = {
    ...sourceHeaders(found),
    'Docker-Content-Digest': found.digest,
    ETag: etagOf(found.digest),
  };
  if (isNotModified(req, found.digest)) return { status: 304, headers };
  return {
    status: 200,
    headers: { ...headers, 'Content-Type': found.mediaType },
    body: { bytes: found.bytes },
  };
};
