import { RegistryError, type Operation } from '../model/index.ts';
import type { Handler } from './handler.ts';

/** DELETE of a blob. OCI distribution-spec 1.1, "Deleting Blobs", end-10. */
export const deleteBlob: Handler<Extract<Operation, { kind: 'blob-delete' }>> = async (
  { facts },
  { name, digest },
  { hosted },
) => {
  facts.digest = digest;
  if (!(await hosted().deleteBlob(name, digest)))
    throw new RegistryError('blobUnknown', { detail: { name, digest } });
  return { status: 202, headers: { 'Docker-Content-Digest': digest } };
};
