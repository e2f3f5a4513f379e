import type { NamedOperation, Operation } from '../model/index.ts';
import type { Handler, Target } from './handler.ts';
import { chunkOf, created, progress } from './upload.ts';

/** PATCH: the next chunk, in order. OCI distribution-spec 1.1, "Pushing a blob in chunks", end-5. */
export const appendUpload: Handler<Extract<Operation, { kind: 'upload-append' }>> = async (
  exchange,
  operation,
  target,
) => {
  const { name, id } = operation;
  const size = await target.uploads.append(placeOf(operation, target), id, chunkOf(exchange), 'sha256');
  return { status: 202, headers: progress(name, id, size) };
};

/** PUT: the last chunk, which may be empty, and the digest of it all. end-6. */
export const finishUpload: Handler<Extract<Operation, { kind: 'upload-finish' }>> = async (
  exchange,
  operation,
  target,
) => {
  const { name, id, digest } = operation;
  exchange.facts.digest = digest;
  await target.uploads.finish(placeOf(operation, target), id, chunkOf(exchange), digest);
  return created(name, digest);
};

/** GET: how far it has come. end-13. */
export const uploadStatus: Handler<Extract<Operation, { kind: 'upload-status' }>> = async (
  _,
  operation,
  target,
) => {
  const { name, id } = operation;
  return {
    status: 204,
    headers: progress(name, id, await target.uploads.size(placeOf(operation, target), id)),
  };
};

/** DELETE: the bytes are dropped. */
export const cancelUpload: Handler<Extract<Operation, { kind: 'upload-cancel' }>> = async (
  _,
  operation,
  target,
) => {
  await target.uploads.cancel(placeOf(operation, target), operation.id);
  return { status: 204 };
};

function placeOf(
  { name }: NamedOperation,
  { hosted }: Target,
): { repository: string; name: NamedOperation['name'] } {
  return { repository: hosted().repository, name };
}
