import type { Operation } from '../model/index.ts';
import type { Handler } from './handler.ts';
import { readBody, wantBody } from './request-body.ts';

/** The specification asks for at least this much; more would only invite misuse. */
const manifestLimit = 4 * 1024 * 1024;

/** PUT of a manifest. OCI distribution-spec 1.1, "Pushing Manifests", end-7. */
export const putManifest: Handler<Extract<Operation, { kind: 'manifest-put' }>> = async (
  { req, res, facts, caller },
  { name, reference, tags },
  { hosted, view, bring },
) => {
  const repository = hosted();
  wantBody(req, res);
  const bytes = await readBody(req, manifestLimit);
  const contentType = req.headers['content-type'] ?? '';
  await bring?.(bytes, contentType);
  const seenWith = [...repository.placesOf(name), ...view.placesOf(name)];
  const stored = await repository.putManifest({
    name,
    reference,
    tags,
    bytes,
    contentType,
    seenWith,
    adoptFrom: caller.may('pull', name) ? seenWith : [],
  });
  facts.digest = stored.digest;
  if (stored.adopted.length > 0) facts.adopted = stored.adopted.length;
  return {
    status: 201,
    headers: {
      Location: `/v2/${name}/manifests/${stored.digest}`,
      'Docker-Content-Digest': stored.digest,
      ...(stored.subject !== undefined && { 'OCI-Subject': stored.subject }),
      // One line each: clients look for a tag among the lines, not within one.
      ...(tags.length > 0 && { 'OCI-Tag': [...tags] }),
    },
  };
};
