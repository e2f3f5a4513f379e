import { isSchema1Type, RegistryError, type Operation } from '../model/index.ts';
import { etagOf, isNotModified } from './conditional.ts';
import type { Handler } from './handler.ts';
import { olderForm, takesNewTypes } from './older-form.ts';
import { sourceHeaders } from './source-headers.ts';

/** GET and HEAD of a manifest. OCI distribution-spec 1.1, "Pulling manifests", end-3. */
export const getManifest: Handler<Extract<Operation, { kind: 'manifest-get' }>> = async (
  { req, facts },
  { name, reference },
  target,
) => {
  const held = await target.source.findManifest(name, reference, target.reach);
  if (!held) {
    throw new RegistryError('manifestUnknown', { detail: { name, ...reference } });
  }
  const isChoice = target.schema1 !== undefined && 'tag' in reference;
  const older =
    isChoice && !takesNewTypes(req) ? await olderForm(name, reference.tag, held, target) : undefined;
  const found = older ?? held;
  facts.digest = found.digest;
  const headers = {
    ...sourceHeaders(found, facts),
    ...(isChoice && { Vary: 'Accept' }),
    'Docker-Content-Digest': found.digest,
    // The digest of schema 1 leaves out the signatures, so that equal ones can have other bytes. RFC 9110 8.8.1.
    ETag: `${isSchema1Type(found.mediaType) ? 'W/' : ''}${etagOf(found.digest)}`,
  };
  if (isNotModified(req, found.digest)) return { status: 304, headers };
  return {
    status: 200,
    headers: { ...headers, 'Content-Type': found.mediaType },
    body: { bytes: found.bytes },
  };
};
